#!/usr/bin/env python3
"""Checks the test vectors with a second, independent implementation of "Proofs of resolution" in docs/protocol.md.

Needs nothing but Python's standard library. Run it after a deliberate change of the format:
    python3 proof/vectors/check.py
"""
import json, struct, sys
from hashlib import blake2b, sha512
from pathlib import Path

# Checks leave nothing behind in the source tree.
sys.dont_write_bytecode = True


class Refused(Exception): pass


def need(condition, why):
    if not condition: raise Refused(why)


def hash256(data): return blake2b(data, digest_size=32).digest()


# SCALE.

class Reader:
    def __init__(self, data): self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data), "cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def u(self, width): return int.from_bytes(self.take(width), "little")

    def compact(self):
        first = self.u(1)
        mode = first & 3
        if mode == 3:
            width = (first >> 2) + 4
            value = self.u(width)
            need(width > 4 and value >> (8 * (width - 1)) or width == 4 and value >> 30, "not in the shortest form")
            return value
        width = [0, 1, 3][mode]
        value = (first | self.u(width) << 8) >> 2
        need(mode == 0 or value >> [0, 6, 14][mode], "not in the shortest form")
        return value

    def bytes(self): return self.take(self.compact())
    def list(self, item): return [item(self) for _ in range(self.compact())]

    def option(self, item):
        flag = self.u(1)
        need(flag < 2, "no option")
        return item(self) if flag else None

    def end(self): need(self.at == len(self.data), "longer than it should be")


def compact(value):
    if value < 1 << 6: return bytes([value << 2])
    if value < 1 << 14: return struct.pack("<H", value << 2 | 1)
    if value < 1 << 30: return struct.pack("<I", value << 2 | 2)
    width = max(4, (value.bit_length() + 7) // 8)
    return bytes([width - 4 << 2 | 3]) + value.to_bytes(width, "little")


# Ed25519, by ZIP 215.

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    p, q, r, s = f - e, d - c, d + c, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def mul(k, point):
    total = (0, 1, 1, 0)
    while k:
        if k & 1: total = add(total, point)
        point, k = add(point, point), k >> 1
    return total


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, (y & (1 << 255) - 1) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P: x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P: return None
    if x & 1 != sign: x = -x % P
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def signed(key, message, signature):
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER: return False
    k = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % ORDER
    minus = lambda p: (-p[0] % P, p[1], p[2], -p[3] % P)
    x, y, z, _ = mul(8, add(mul(s, BASE), minus(add(r, mul(k, a)))))
    return x == 0 and (y - z) % P == 0


# Headers and votes.

def digest_item(r):
    start, kind = r.at, r.u(1)
    engine = r.take(4) if kind in (4, 5, 6) else None
    if kind != 8: body = r.bytes()
    return {"kind": kind, "engine": engine, "body": b"" if kind == 8 else body}


def header(r):
    start = r.at
    found = {"parent": r.take(32), "number": r.compact(), "state": r.take(32), "extrinsics": r.take(32)}
    found["digest"] = r.list(digest_item)
    found["hash"] = hash256(r.data[start:r.at])
    return found


def vote(r):
    return {"key": r.take(32), "signature": r.take(64), "target": r.option(lambda r: (r.take(32), r.compact()))}


def finality(r): return {"round": r.compact(), "votes": r.list(vote), "route": r.list(header)}
def change(r): return {"header": header(r), "finality": finality(r)}


def read(data):
    r = Reader(data)
    need(len(data) <= 64 * 1024 and data[:1] == b"\x01", "no proof of form 1")
    r.take(1)
    found = {"genesis": r.take(32), "name": r.bytes(), "changes": r.list(change)}
    found["block"] = {"set": r.compact(), **change(r)}
    found["nodes"] = r.list(Reader.bytes)
    r.end()
    return found


def final(block, votes, known):
    """How many voted."""
    weights, weight, seen, used = {a: w for a, w in known["set"]}, 0, set(), set()
    parents = {h["hash"]: h["parent"] for h in votes["route"]}
    for v in votes["votes"]:
        need(v["key"] in weights, "a stranger votes")
        need(v["key"] not in seen, "two votes of one")
        seen.add(v["key"])
        target, number = v["target"] or (block["hash"], block["number"])
        message = b"\x01" + target + struct.pack("<IQQ", number, votes["round"], known["id"])
        need(signed(v["key"], message, v["signature"]), "a signature over something else")
        weight += weights[v["key"]]
    above = {}
    for v in votes["votes"]:
        if v["target"] is None: continue
        at, steps = v["target"][0], 0
        while at != block["hash"]:
            need(at in parents, "a vote that leads elsewhere")
            used.add(at)
            above.setdefault(at, 0)
            above[at] += weights[v["key"]]
            at, steps = parents[at], steps + 1
        need(steps and block["number"] + steps == v["target"][1], "a vote for another height")
    need(len(used) == len(votes["route"]), "headers for nothing")
    total = sum(weights.values())
    needed = total - (total - 1) // 3
    need(weight >= needed, "too few votes")
    need(all(w < needed for w in above.values()), "a block above is the final one")
    return len(seen)


def authority(r): return r.take(32), r.u(8)


def after(head, known):
    """Who votes after a block that those of `known` voted for."""
    next_set = None
    for item in head["digest"]:
        if item["kind"] != 4 or item["engine"] != b"FRNK": continue
        r = Reader(item["body"])
        kind = r.u(1)
        need(kind != 2, "a forced change")
        if kind == 1 and next_set is None:
            next_set = r.list(authority)
            need(r.u(4) == 0, "a delayed change")
    if next_set is None: return known["id"], known["set"]
    need(next_set, "nobody votes")
    return known["id"] + 1, next_set


# The state.

def node(data):
    r = Reader(data)
    first = r.u(1)
    kinds = [(0xC0, 0x40, "leaf", False), (0xC0, 0x80, "branch", None), (0xC0, 0xC0, "branch", False),
             (0xE0, 0x20, "leaf", True), (0xF0, 0x10, "branch", True)]
    found = next(((kind, hashed, 255 - mask) for mask, bits, kind, hashed in kinds if first & mask == bits), None)
    if first == 0: return {"kind": "empty"}
    need(found, "no node")
    kind, hashed, most = found
    nibbles = first & most
    if nibbles == most:
        nibbles -= 1
        while (more := r.u(1)) == 255: nibbles += 255
        nibbles += more + 1
    packed = r.take((nibbles + 1) // 2)
    partial = [n for byte in packed for n in (byte >> 4, byte & 15)][nibbles % 2:]
    bitmap = r.u(2) if kind == "branch" else 0
    value = None if hashed is None else ("hash", r.take(32)) if hashed else ("bytes", r.bytes())
    children = {i: r.bytes() for i in range(16) if bitmap >> i & 1}
    return {"kind": kind, "partial": partial, "value": value, "children": children}


def encode(n):
    value, size = n["value"], len(n["partial"])
    hashed = value and value[0] == "hash"
    bits, most = {("leaf", False): (0x40, 63), ("leaf", True): (0x20, 31), ("branch", True): (0x10, 15)}.get(
        (n["kind"], bool(hashed)), (0xC0 if value else 0x80, 63))
    if size < most: out = bytes([bits | size])
    else:
        rest, out = size - (most - 1), bytes([bits | most])
        while rest >= 256: out, rest = out + b"\xff", rest - 255
        out += bytes([rest - 1])
    padded = ([0] if size % 2 else []) + n["partial"]
    out += bytes(padded[i] << 4 | padded[i + 1] for i in range(0, len(padded), 2))
    if n["kind"] == "branch": out += struct.pack("<H", sum(1 << i for i in n["children"]))
    if value: out += value[1] if hashed else compact(len(value[1])) + value[1]
    return out + b"".join(compact(len(c)) + c for _, c in sorted(n["children"].items()))


def trie(nodes):
    """The root that compact nodes lead to, and the nodes and values by their hashes."""
    found, rest = {}, list(reversed(nodes))

    def take():
        need(rest, "a node is missing")
        return rest.pop()

    def build():
        data, value = take(), None
        if data[:1] == b"\x01": data, value = data[1:], take()
        n = node(data)
        if n["kind"] == "empty": encoded = b"\x00"
        else:
            if value is not None:
                n["value"] = ("hash", hash256(value))
                found[n["value"][1]] = value
            n["children"] = {i: c if c else build() for i, c in sorted(n["children"].items())}
            encoded = encode(n)
        found[hash256(encoded)] = encoded
        return hash256(encoded)

    root = build()
    need(not rest, "too many nodes")
    return root, found


def get(root, found, key, used):
    path = [n for byte in key for n in (byte >> 4, byte & 15)]
    need(root in found, "the root is missing")
    used.add(root)
    n = node(found[root])
    while True:
        if n["kind"] == "empty": return None
        size = len(n["partial"])
        if path[:size] != n["partial"]: return None
        path = path[size:]
        if not path:
            if n["value"] is None: return None
            kind, value = n["value"]
            if kind == "bytes": return value
            need(value in found, "a value is missing")
            used.add(value)
            return found[value]
        child = n["children"].get(path[0])
        if child is None: return None
        path = path[1:]
        if len(child) == 32:
            need(child in found, "a node on the path is missing")
            used.add(child)
            child = found[child]
        n = node(child)


# xxHash64, for the first parts of keys.

def xxh64(data, seed):
    mask, p1, p2, p3, p4, p5 = 2**64 - 1, 11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261
    rot = lambda x, r: (x << r | x >> 64 - r) & mask
    step = lambda acc, lane: rot(acc + lane * p2 & mask, 31) * p1 & mask
    at, size = 0, len(data)
    if size >= 32:
        v = [seed + p1 + p2 & mask, seed + p2 & mask, seed, seed - p1 & mask]
        while at + 32 <= size:
            v = [step(v[i], int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little")) for i in range(4)]
            at += 32
        h = sum(rot(x, r) for x, r in zip(v, (1, 7, 12, 18))) & mask
        for x in v: h = ((h ^ step(0, x)) * p1 + p4) & mask
    else: h = seed + p5 & mask
    h = h + size & mask
    while at + 8 <= size:
        h, at = (rot(h ^ step(0, int.from_bytes(data[at:at + 8], "little")), 27) * p1 + p4) & mask, at + 8
    if at + 4 <= size:
        h, at = (rot(h ^ int.from_bytes(data[at:at + 4], "little") * p1 & mask, 23) * p2 + p3) & mask, at + 4
    for byte in data[at:]: h = rot(h ^ byte * p5 & mask, 11) * p1 & mask
    h = (h ^ h >> 33) * p2 & mask
    h = (h ^ h >> 29) * p3 & mask
    return h ^ h >> 32


def twox(text): return b"".join(struct.pack("<Q", xxh64(text.encode(), seed)) for seed in (0, 1))
def item(pallet, name): return twox(pallet) + twox(name)


def hashed(label):
    encoded = compact(len(label)) + label.encode()
    return blake2b(encoded, digest_size=16).digest() + encoded


# The check.

def content(r):
    kind = r.u(1)
    need(kind == 0, "these vectors have objects only")
    return {"object": r.take(32), "group": r.u(4), "sealedLen": r.u(8), "key": r.option(lambda r: r.take(32))}


def check(data, name, known):
    proof = read(data)
    need(proof["name"] == name.encode(), "another name")
    need(proof["genesis"] == known["genesis"], "another chain")
    start = known
    for c in proof["changes"]:
        head = c["header"]
        need(head["number"] > known["number"], "not above")
        final(head, c["finality"], known)
        set_id, authorities = after(head, known)
        need(set_id != known["id"], "no change")
        known = {**known, "number": head["number"], "hash": head["hash"], "id": set_id, "set": authorities}
    block = proof["block"]
    head = block["header"]
    need(block["set"] == known["id"], "another set")
    votes = final(head, block["finality"], known)
    need(head["number"] != known["number"] or head["hash"] == known["hash"], "two final blocks")
    set_id, authorities = after(head, known)

    root, found = trie(proof["nodes"])
    need(root == head["state"], "another state")
    used = set()
    value = lambda key: get(root, found, key, used)
    sub, label = name.split(".") if "." in name else (None, name)
    form, time = value(item("Names", ":__STORAGE_VERSION__:")), value(item("Timestamp", "Now"))
    stored = value(item("Names", "Names") + hashed(label))
    # Owner, content, version, registered, updated come before it.
    if stored is not None:
        r = Reader(stored)
        expires = (r.take(32), r.option(content), r.take(12), r.u(4))[-1]
    run_out = stored is not None and head["number"] >= expires
    params = value(item("Names", "CurrentParams")) if run_out else None
    below = value(item("Names", "Subnames") + hashed(label) + hashed(sub)) if sub else None
    need(len(used) == len(proof["nodes"]), "nodes for nothing")
    need(form == b"\x02\x00", "another form")
    grace, premium = struct.unpack_from("<6I", params)[3:5] if run_out else (0, 0)
    out = {"votes": votes, "voters": len(known["set"]), "changes": len(proof["changes"]), "set": block["set"],
           "from": start["number"], "number": head["number"], "hash": head["hash"], "time": int.from_bytes(time, "little")}
    newer = {**known, "number": head["number"], "hash": head["hash"], "id": set_id, "set": authorities}
    out["checkpoint"] = newer if head["number"] > known["number"] else known
    if stored is None or sub and below is None: return {**out, "answer": "absent"}
    r = Reader(stored)
    owner, leads, version = r.take(32), r.option(content), r.u(4)
    _, updated, expires, _, _ = r.u(4), r.u(4), r.u(4), r.u(16), r.u(4)
    r.end()
    if sub:
        r = Reader(below)
        leads, version, updated = r.option(content), r.u(4), r.u(4)
    now = head["number"]
    status = ("active" if now < expires else "grace" if now < expires + grace
              else "premium" if now < expires + grace + premium else "lapsed")
    works = status in ("active", "grace")
    return {**out, "answer": "present" if works else "lapsed", "owner": owner, "content": leads if works else None,
            "version": version, "updated": updated, "expires": expires, "status": status}


def unhex(text): return bytes.fromhex(text.removeprefix("0x"))


def checkpoint(c):
    return {"genesis": unhex(c["genesis"]), "number": c["number"], "hash": unhex(c["hash"]), "id": c["setId"],
            "set": [(unhex(a["key"]), a["weight"]) for a in c["authorities"]]}


def agrees(found, expected):
    basis, block = expected["basis"], expected["block"]
    pairs = [(found["answer"], expected["answer"]), (found["votes"], basis["votes"]), (found["voters"], basis["voters"]),
             (found["changes"], basis["changes"]), (found["set"], basis["setId"]), (found["from"], basis["checkpoint"]),
             (found["number"], block["number"]), (found["hash"], unhex(block["hash"])), (found["time"], block["time"]),
             (found["checkpoint"], checkpoint(expected["checkpoint"]))]
    known = expected["resolution"]
    pairs.append(("owner" in found, known is not None))
    if known:
        pairs += [(found["owner"], unhex(known["owner"]))]
        pairs += [(found[field], known[field]) for field in ("version", "updated", "expires", "status")]
        leads, told = found["content"], known["content"] and known["content"]["object"]
        pairs.append((leads is None, told is None))
        if told:
            pairs += [(leads["group"], told["group"]), (leads["sealedLen"], told["sealedLen"]), (leads["key"], unhex(told["key"]))]
    return all(a == b for a, b in pairs)


def main():
    cases = json.loads((Path(__file__).parent / "proofs.json").read_text())["cases"]
    for case in cases:
        try: found = check(bytes.fromhex(case["proof"]), case["name"], checkpoint(case["checkpoint"]))
        except Refused as why: found = why
        expected = case["outcome"]
        right = isinstance(found, Refused) if "error" in expected else isinstance(found, dict) and agrees(found, expected)
        if not right: sys.exit(f"{case['what']}: {found!r}, and the vectors say {expected}")
    print(f"{len(cases)} proofs agree")


if __name__ == "__main__":
    main()
