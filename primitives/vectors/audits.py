"""Audits, a second time: schedule, draws, proofs made and verified, forgeries refused, scores."""
import re

from audit_proofs import LEAF, Reader, Refused, read_proof, verify
from common import batch_encoded, compact, load, mountains, outside, root, same, sum_path, sum_top, tagged, u32, u64

MIX = 4


def mix(purpose, outputs): return tagged(0x30, purpose, *map(bytes.fromhex, outputs))


def schedule(vectors):
    length, window = vectors["period_blocks"], vectors["window_blocks"]
    same((MIX, window + MIX), (vectors["mix_blocks"], vectors["memory"]), "memory")
    for one in vectors["periods"]:
        start = one["period"] * length
        when = mix(b"meganet/audit/when/1", one["outputs"])
        found = start, start + MIX - 1, when.hex()
        same(found, (one["start"], one["drawn_at"], one["when"]), "period")
        for challenge in one["challenges"]:
            digest = tagged(0x30, b"meganet/audit/block/1", when, u32(challenge["worker"]))
            block = start + MIX + int.from_bytes(digest[:4], "little") % (length - window - MIX)
            found = block, block + window, [block - MIX + 1, block]
            same(found, (challenge["block"], challenge["deadline"], challenge["seed_blocks"]), "challenge")


def drawn(seed, worker, holdings, count):
    """(group, slot, expiry, offset) of each sample."""
    ranges = [(one["group"], one["slot"], expiry, held) for one in holdings for expiry, held in one["ranges"]]
    total = sum(one[3] for one in ranges)
    found = []
    for i in range(count if total else 0):
        digest = tagged(0x30, b"meganet/audit/draw/1", seed, u32(worker), bytes([i]))
        at = int.from_bytes(digest[:16], "little") % total
        for group, slot, expiry, held in ranges:
            if at < held: break
            at -= held
        found.append((group, slot, expiry, at))
    return found


def draw(one):
    seed = mix(b"meganet/audit/what/1", one["outputs"])
    same(seed.hex(), one["seed"], "seed")
    found = drawn(seed, one["worker"], one["holdings"], one["count"])
    same(found, [(s["group"], s["slot"], s["expiry"], s["offset"]) for s in one["samples"]], "samples")
    for (group, slot, expiry, offset), sample in zip(found, one["samples"]):
        same((u32(group) + bytes([slot]) + u32(expiry) + u64(offset)).hex(), sample["encoded"], "encoded sample")
    return found


# Making proofs.

def listed(nodes): return compact(len(nodes)) + b"".join(digest + u64(held) for digest, held in nodes)


def merkle_path(hashes, index):
    path = outside(hashes, index, index + 1)
    return compact(len(path)) + b"".join(path)


def holding_run(lengths, at):
    """Which of these runs a byte is in, and where in it."""
    for index, length in enumerate(lengths):
        if at < length: return index, at
        at -= length
    raise SystemExit("no such byte")


def leaf_data(number, leaf): return (u64(number) + u64(leaf)) * 64


def leaf_hashes(one): return [tagged(0x00, leaf_data(one["number"], leaf)) for leaf in range(one["leaves"])]


class SlotFixture:
    """The range of the vectors, with all that the worker needs to answer."""

    def __init__(self, vectors):
        self.slot, self.leaves, self.entries, self.objects = vectors["slot"], [], [], []
        for batch in vectors["batches"]:
            entries = []
            for one in batch["objects"]:
                same(root(leaf_hashes(one)).hex(), one["shard_roots"][self.slot], "shard root")
                shards_root = root([tagged(0x00, bytes.fromhex(r)) for r in one["shard_roots"]])
                entries.append((bytes.fromhex(one["object"]) + shards_root, one["leaves"] * LEAF))
            digest, total = sum_top(0x11, self.nodes(entries))
            summary = {"root": tagged(0x12, u64(len(entries)), u64(total), digest).hex()}
            summary |= {"objects": len(entries), "bytes": total}
            leaf = batch_encoded(summary) + bytes.fromhex(batch["owner"]) + u64(batch["signed"])
            self.leaves.append((leaf + u32(batch["registered"]), total))
            self.entries.append(entries)
            self.objects.append(batch["objects"])

    def nodes(self, entries): return [(tagged(0x10, one, u64(held)), held) for one, held in entries]

    def mountains(self): return mountains([(tagged(0x20, leaf), held) for leaf, held in self.leaves])

    def state(self): return u64(len(self.leaves)) + listed([sum_top(0x21, one) for one in self.mountains()])

    def answer(self, kind, offset):
        index, at = holding_run([held for _, held in self.leaves], offset)
        place = index
        for mountain in self.mountains():
            if place < len(mountain): break
            place -= len(mountain)
        out = u64(index) + self.leaves[index][0] + listed(sum_path(0x21, mountain, place)[0])
        if kind == "excused": return b"\x01" + out
        entries = self.entries[index]
        entry, at = holding_run([held for _, held in entries], at)
        encoded, held = entries[entry]
        out += u32(entry) + encoded + u64(held) + listed(sum_path(0x11, self.nodes(entries), entry)[0])
        if kind == "deleted": return b"\x02" + out
        one, leaf = self.objects[index][entry], at // LEAF
        roots = [tagged(0x00, bytes.fromhex(r)) for r in one["shard_roots"]]
        out += bytes.fromhex(one["shard_roots"][self.slot]) + merkle_path(roots, self.slot)
        return b"\x00" + out + compact(LEAF) + leaf_data(one["number"], leaf) + merkle_path(leaf_hashes(one), leaf)


# Checking them.

def proof(vectors):
    asked, fixture = draw(vectors["draw"]), SlotFixture(vectors)
    same(fixture.state().hex(), vectors["range"], "range")
    answers = [fixture.answer(kind, sample[3]) for kind, sample in zip(vectors["answers"], asked)]
    same((compact(len(answers)) + b"".join(answers)).hex(), vectors["encoded"], "proof")

    reader = Reader(bytes.fromhex(vectors["range"]))
    state = reader.number(8), reader.nodes(64)
    check = lambda sample, answer: verify(state, vectors["slot"], vectors["shards"], sample[3], answer)
    decoded = read_proof(bytes.fromhex(vectors["encoded"]))
    for sample, answer in zip(asked, decoded):
        check(sample, answer)
    for one in vectors["refused"]:
        found = None
        try: check(asked[0], Reader(bytes.fromhex(one["answer"])).answer())
        except Refused as why: found = str(why)
        same(found, re.match(r"\w+(\([A-Za-z]*)?", one["error"]).group(), f"refused: {one['why']}")
    for one in vectors["undecodable"]:
        try: read_proof(bytes.fromhex(one["bytes"]))
        except Refused: same(True, True, "undecodable")
        else: raise SystemExit(f"{one['why']}: was read")


# Scores.

def scores(vectors):
    settled, misses, streak, proven, missed = vectors["since"], 0, 0, 0, 0
    for one in vectors["events"]:
        period = one["period"]
        gap = max(period - 1 - settled, 0)
        if gap: settled, misses, missed, streak = settled + gap, misses + gap, missed + gap, 0
        if one["event"] == "proven":
            settled, proven, streak = max(settled, period), proven + 1, streak + 1
            if misses and streak >= vectors["proofs_per_miss"]: misses, streak = misses - 1, 0
        record = one["record"]
        found = settled, misses, streak, proven, missed
        same(found, tuple(record[n] for n in ("settled", "misses", "streak", "proven", "missed")), "record")
        same(b"".join(map(u32, found)).hex(), record["encoded"], "encoded record")
        same(misses >= vectors["misses"], record["intolerable"], "intolerable")


def audits():
    vectors = load("audits.json")
    schedule(vectors["schedule"])
    for one in vectors["draws"]: draw(one)
    proof(vectors["proof"])
    scores(vectors["scores"])
