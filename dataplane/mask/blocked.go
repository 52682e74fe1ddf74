package mask

// blockedName is the name under which reports count what a blocked key hid inside JSON.
const blockedName = "blocked-key"

// blockedKey takes all leaves under a blocked key of a JSON text: there the key cannot be removed without changing the
// text's shape.
var blockedKey = &detector{index: 1 << 30, name: blockedName, label: "BLOCKED_KEY", action: Redact}
