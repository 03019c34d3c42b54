"""deploy/sbom/: every package, for machines, as CycloneDX 1.6 in JSON."""

import json

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.supply.locks import Package
from tests.supply.sides import Known, Side

# What would differ from run to run though nothing else does.
_OF_THE_MOMENT = ("serialNumber",)


def written(side: Side, known: dict[str, dict[str, Known]], version: str) -> str:
    """The bill of one side: the same bytes for the same locks."""
    whole = Component(
        name=f"witnessbox-{side.key}",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"witnessbox-{side.key}",
        licenses=[LicenseExpression("Apache-2.0")],
    )
    bom = Bom()
    bom.metadata.component = whole
    parts = {one.purl: _component(one, known[one.kind][one.name]) for one in side.all}
    for part in parts.values():
        bom.components.add(part)
    bom.register_dependency(whole, [parts[one.purl] for one in side.all if one.direct])
    for one in side.all:
        needed = [parts[other.purl] for other in side.all if one.name in other.wanted_by]
        bom.register_dependency(parts[one.purl], needed)
    read = json.loads(JsonV1Dot6(bom).output_as_string())
    for key in _OF_THE_MOMENT:
        read.pop(key, None)
    read["metadata"].pop("timestamp", None)
    return json.dumps(read, indent=1, sort_keys=True) + "\n"


def _component(package: Package, known: Known) -> Component:
    group, _, name = package.name.rpartition("/")
    algorithm = HashAlgorithm(package.algorithm)
    return Component(
        name=name,
        group=group or None,
        version=package.version,
        type=ComponentType.LIBRARY,
        # What is taken only on another system or Python is not in every installation.
        scope=ComponentScope.OPTIONAL if package.when else ComponentScope.REQUIRED,
        bom_ref=package.purl,
        purl=PackageURL(package.kind, group or None, name, package.version),
        licenses=[LicenseExpression(known.licence)],
        # Of each file that may be installed; the address is the package itself, at whatever index.
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(package.purl),
                hashes=[HashType(alg=algorithm, content=one) for one in package.hashes],
            )
        ],
    )
