// The one JSON text of a value: sorted keys, no spaces. The same bytes as intake/forms/form.py.

export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value instanceof Map) return `{${[...value].sort(byKey).map(member).join(",")}}`;
  if (value !== null && typeof value === "object") return canonical(new Map(Object.entries(value)));
  return JSON.stringify(value);
}

// Keys are ASCII, so UTF-16 order is Python's order of code points.
const byKey = ([one], [other]) => (one < other ? -1 : 1);

const member = ([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`;
