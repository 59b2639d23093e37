"""Reads and verifies proofs of audits."""
from common import compact, join, split, tagged, u64

LEAF = 1024


class Refused(Exception): pass


class Reader:
    """SCALE, read strictly."""

    def __init__(self, data): self.rest = data

    def take(self, count):
        if count > len(self.rest): raise Refused("Truncated")
        out, self.rest = self.rest[:count], self.rest[count:]
        return out

    def number(self, size): return int.from_bytes(self.take(size), "little")

    def compact(self, most):
        mode = self.rest[0] & 3 if self.rest else 0
        raw = self.take((1, 2, 4, 5)[mode])
        number = int.from_bytes(raw, "little") >> 2 if mode < 3 else int.from_bytes(raw[1:], "little")
        if number > most or compact(number) != raw: raise Refused("Compact")
        return number

    def nodes(self, most): return [(self.take(32), self.number(8)) for _ in range(self.compact(most))]
    def digests(self): return [self.take(32) for _ in range(self.compact(128))]

    def answer(self):
        kind = self.number(1)
        if kind > 2: raise Refused("Kind")
        out = {"kind": kind, "batch": self.number(8), "leaf": self.take(88), "range_path": self.nodes(64)}
        if kind != 1:
            out |= {"entry": self.number(4), "encoded": self.take(72), "batch_path": self.nodes(16)}
        if kind == 0:
            out |= {"root": self.take(32), "root_path": self.digests()}
            out |= {"data": self.take(self.compact(LEAF)), "path": self.digests()}
        return out


def turns_of(count, index):
    """From the leaf up: whether it is in the right part at each split."""
    turns = []
    while count > 1:
        at = split(count)
        turns.append(index >= at)
        index, count = (index - at, count - at) if index >= at else (index, at)
    return turns[::-1]


def climb(tag, node, turns, siblings):
    """The top, and the bytes to the left."""
    offset = 0
    for right, sibling in zip(turns, siblings):
        node = join(tag, sibling, node) if right else join(tag, node, sibling)
        if right: offset += sibling[1]
        if node[1] >= 1 << 64: raise Refused("Overflow")
    return node, offset


def check_merkle(wanted, count, index, digest, siblings):
    turns = turns_of(count, index)
    if len(siblings) != len(turns): raise Refused("WrongLength")
    # They come from left to right: those on the left are the outermost first.
    left = siblings[: sum(turns)][::-1]
    right = siblings[sum(turns) :]
    for turn in turns:
        digest = tagged(0x01, left.pop(0), digest) if turn else tagged(0x01, digest, right.pop(0))
    if tagged(0x02, u64(count), digest) != wanted: raise Refused("Mismatch")


def check_batch(state, answer, offset):
    leaves, peaks = state
    start, first = 0, 0
    for peak, height in zip(peaks, (bit for bit in range(63, -1, -1) if leaves >> bit & 1)):
        if answer["batch"] < first + (1 << height): break
        start, first = start + peak[1], first + (1 << height)
    else: raise Refused("Batch(OutOfRange")
    if len(answer["range_path"]) != height: raise Refused("Batch(WrongLength")
    held = int.from_bytes(answer["leaf"][36:44], "little")
    turns = turns_of(1 << height, answer["batch"] - first)
    node, inside = climb(0x21, (tagged(0x20, answer["leaf"]), held), turns, answer["range_path"])
    if node != peak: raise Refused("Batch(Mismatch")
    at = offset - start - inside
    if not 0 <= at < held: raise Refused("OtherBatch")
    return at


def check_entry(answer, at):
    leaf, encoded = answer["leaf"], answer["encoded"]
    count, total = int.from_bytes(leaf[32:36], "little"), leaf[36:44]
    held = int.from_bytes(encoded[64:], "little")
    if not 1 <= count <= 65_536: raise Refused("Entry(BadCount")
    if answer["entry"] >= count: raise Refused("Entry(OutOfRange")
    turns = turns_of(count, answer["entry"])
    if len(turns) != len(answer["batch_path"]): raise Refused("Entry(WrongLength")
    if held == 0 or held % LEAF: raise Refused("Entry(BadShardLen")
    node, start = climb(0x11, (tagged(0x10, encoded), held), turns, answer["batch_path"])
    if u64(node[1]) != total or tagged(0x12, u64(count), total, node[0]) != leaf[:32]: raise Refused("Entry(Mismatch")
    if not start <= at < start + held: raise Refused("OtherEntry")
    return at - start


def verify(state, slot, shards, offset, answer):
    at = check_batch(state, answer, offset)
    if answer["kind"] == 1: return
    at = check_entry(answer, at)
    if answer["kind"] == 2: return
    encoded, steps = answer["encoded"], []
    steps.append(("Shard(", encoded[32:64], shards, slot, answer["root"], answer["root_path"]))
    leaves = int.from_bytes(encoded[64:], "little") // LEAF
    steps.append(("Leaf(", answer["root"], leaves, at // LEAF, answer["data"], answer["path"]))
    for name, wanted, count, index, data, path in steps:
        if name == "Leaf(" and len(data) != LEAF: raise Refused("LeafLength(")
        try: check_merkle(wanted, count, index, tagged(0x00, data), path)
        except Refused as why: raise Refused(f"{name}{why}")


def read_proof(data):
    reader = Reader(data)
    answers = [reader.answer() for _ in range(reader.compact(16))]
    if reader.rest: raise Refused("Rest")
    return answers
