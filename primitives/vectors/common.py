"""What all checks need: comparing, hashing, encoding, and the trees."""
import json, pathlib, struct
from hashlib import blake2b

FOLDER = pathlib.Path(__file__).parent
checks = 0


def load(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def same(found, expected, what):
    global checks
    checks += 1
    if found != expected:
        raise SystemExit(f"{what}: computed {found}, the vector says {expected}")


def tagged(tag, *parts):
    return blake2b(bytes([tag]) + b"".join(parts), digest_size=32).digest()


def u32(n): return struct.pack("<I", n)
def u64(n): return struct.pack("<Q", n)


def compact(n):
    if n < 1 << 6: return bytes([n << 2])
    if n < 1 << 14: return struct.pack("<H", n << 2 | 1)
    if n < 1 << 30: return struct.pack("<I", n << 2 | 2)
    size = max(4, (n.bit_length() + 7) // 8)
    return bytes([(size - 4) << 2 | 3]) + n.to_bytes(size, "little")


def split(n):
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


# Merkle trees.

def top(leaves):
    if not leaves: return bytes(32)
    if len(leaves) == 1: return leaves[0]
    at = split(len(leaves))
    return tagged(0x01, top(leaves[:at]), top(leaves[at:]))


def root(leaves): return tagged(0x02, u64(len(leaves)), top(leaves))


def outside(leaves, start, end, lo=0):
    """Tops of the maximal subtrees outside start..end, left to right."""
    hi = lo + len(leaves)
    if hi <= start or end <= lo: return [top(leaves)]
    if start <= lo and hi <= end: return []
    at = split(len(leaves))
    return outside(leaves[:at], start, end, lo) + outside(leaves[at:], start, end, lo + at)


# Trees with byte sums.

def join(tag, left, right):
    return tagged(tag, left[0], u64(left[1]), right[0], u64(right[1])), left[1] + right[1]


def sum_top(tag, nodes):
    if len(nodes) == 1: return nodes[0]
    at = split(len(nodes))
    return join(tag, sum_top(tag, nodes[:at]), sum_top(tag, nodes[at:]))


def sum_path(tag, nodes, index):
    """Siblings from the leaf up, and the bytes to the left."""
    if len(nodes) == 1: return [], 0
    at = split(len(nodes))
    if index < at:
        path, offset = sum_path(tag, nodes[:at], index)
        return path + [sum_top(tag, nodes[at:])], offset
    left = sum_top(tag, nodes[:at])
    path, offset = sum_path(tag, nodes[at:], index - at)
    return path + [left], offset + left[1]


def batch_encoded(batch): return bytes.fromhex(batch["root"]) + u32(batch["objects"]) + u64(batch["bytes"])


def mountains(nodes):
    """The nodes cut into mountains: one for each bit of their number, largest first."""
    cut, rest = [], nodes
    while rest:
        size = 1 << len(rest).bit_length() - 1
        cut.append(rest[:size])
        rest = rest[size:]
    return cut
