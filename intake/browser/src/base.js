// The address of a path of this intake: several groups may share a server, each under an address of its own.
export const under = (path) => (globalThis.document?.documentElement.dataset.base ?? "") + path;
