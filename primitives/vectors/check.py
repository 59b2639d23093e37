#!/usr/bin/env python3
"""Checks the test vectors with a second, independent implementation of docs/protocol.md.

Needs nothing but Python's standard library. Run it after a deliberate change of a format:
    python3 primitives/vectors/check.py
"""
import base64, json, re, struct, sys, urllib.parse
from hashlib import sha256

# Checks leave nothing behind in the source tree.
sys.dont_write_bytecode = True
import audits, common, lives
from common import FOLDER, batch_encoded, compact, join, load, mountains, outside, root, same, sum_path, sum_top, tagged
from common import top, u32, u64

CODEC_FOLDER = FOLDER.parent.parent / "codec" / "vectors"


def base32(data): return base64.b32encode(data).decode().lower().rstrip("=")


# Merkle trees.

def merkle():
    vectors = load("merkle.json")
    leaves = lambda n: [tagged(0x00, u64(i)) for i in range(n)]
    for case in vectors["roots"]:
        same(top(leaves(case["leaves"])).hex(), case["top"], "top")
        same(root(leaves(case["leaves"])).hex(), case["root"], "root")
    for case in vectors["proofs"]:
        found = outside(leaves(case["leaves"]), case["start"], case["start"] + case["len"])
        same([h.hex() for h in found], case["siblings"], "proof")
        same((compact(len(found)) + b"".join(found)).hex(), case["encoded"], "encoded proof")


# Trees with byte sums.

def listed(nodes): return [{"hash": h.hex(), "bytes": b} for h, b in nodes]


def batches():
    for case in load("batches.json")["batches"]:
        nodes = []
        for one in case["entries"]:
            encoded = bytes.fromhex(one["object"] + one["shards_root"]) + u64(one["shard_len"])
            same(encoded.hex(), one["encoded"], "encoded entry")
            nodes.append((tagged(0x10, encoded), one["shard_len"]))
        digest, total = sum_top(0x11, nodes)
        same(total, case["bytes"], "batch bytes")
        same(tagged(0x12, u64(len(nodes)), u64(total), digest).hex(), case["root"], "batch root")
        same(batch_encoded(case).hex(), case["encoded"], "encoded batch")
        for proof in case["proofs"]:
            path, offset = sum_path(0x11, nodes, proof["index"])
            same((listed(path), offset), (proof["siblings"], proof["offset"]), "batch proof")


def ranges():
    vectors = load("ranges.json")
    nodes = []
    for leaf in vectors["leaves"]:
        encoded = batch_encoded(leaf) + bytes.fromhex(leaf["owner"]) + u64(leaf["signed"]) + u32(leaf["registered"])
        same(encoded.hex(), leaf["encoded"], "encoded range leaf")
        nodes.append((tagged(0x20, encoded), leaf["bytes"]))
    for state in vectors["states"]:
        peaks = [sum_top(0x21, one) for one in mountains(nodes[: state["leaves"]])]
        same(listed(peaks), state["peaks"], "peaks")
        encoded = u64(state["leaves"]) + compact(len(peaks)) + b"".join(h + u64(b) for h, b in peaks)
        same(encoded.hex(), state["encoded"], "encoded range")
    for proof in vectors["proofs"]:
        index, offset = proof["index"], 0
        for mountain in mountains(nodes):
            if index < len(mountain): break
            index -= len(mountain)
            offset += sum(b for _, b in mountain)
        path, inside = sum_path(0x21, mountain, index)
        same((listed(path), offset + inside), (proof["siblings"], proof["offset"]), "range proof")


# Objects.

def layout(plain, k):
    frames = -(-plain // 65520)
    sealed = plain + 16 * frames
    full, rest = divmod(sealed, k * 65536)
    tail = -(-(-(-rest // k)) // 1024) * 1024
    return sealed, frames, full, tail


def objects():
    for one in load("objects.json")["objects"]:
        k, n = one["k"], one["n"]
        sealed, frames, full, tail = layout(one["plain_len"], k)
        found = sealed, frames, full, tail, full * 65536 + tail, (full * 65536 + tail) // 1024
        names = "sealed_len", "frames_sealed", "full_stripes", "tail_chunk_len", "shard_len", "leaves"
        same(found, tuple(one[name] for name in names), "layout")
        for place in one["places"]:
            stripe, within = divmod(place["sealed_offset"], k * 65536)
            chunk = 65536 if stripe < full else tail
            same((stripe, *divmod(within, chunk)), (place["stripe"], place["shard"], place["offset"]), "place")
        shards_root = root([tagged(0x00, bytes.fromhex(r)) for r in one["shard_roots"]])
        same(shards_root.hex(), one["shards_root"], "shards root")
        header = bytes([1, 0, k, n]) + u64(sealed) + shards_root
        same(header.hex(), one["header"], "header")
        same(tagged(0x03, header).hex(), one["id_bytes"], "object id")
        same(base32(tagged(0x03, header)), one["id"], "object id as text")


def receipts():
    vectors = load("receipts.json")
    one = vectors["receipt"]
    signed = b"meganet/receipt/2" + bytes.fromhex(one["genesis"]) + u32(one["group"]) + bytes([one["slot"]])
    signed += u32(one["expiry"]) + bytes.fromhex(one["owner"]) + batch_encoded(one["batch"]) + u32(one["valid_until"])
    same(signed.hex(), one["signed_bytes"], "receipt")
    one = vectors["registration"]
    same((b"meganet/worker/1".hex() + one["genesis"] + one["operator"]), one["signed_bytes"], "registration")


# Sealed objects: AES-256-GCM and Reed-Solomon, written out plainly.

def times_x(a): return (a << 1 ^ 0x11B) & 0xFF if a & 0x80 else a << 1


def aes_tables():
    """The S-box by powers of the generator 3, and what a byte adds to a column."""
    power, sbox, p = [], [0] * 256, 1
    for _ in range(255):
        power.append(p)
        p ^= times_x(p)
    log = {p: i for i, p in enumerate(power)}
    for a in range(256):
        inverse = power[-log[a] % 255] if a else 0
        turns = [(inverse << i | inverse >> 8 - i) & 0xFF for i in range(5)]
        sbox[a] = turns[0] ^ turns[1] ^ turns[2] ^ turns[3] ^ turns[4] ^ 0x63
    columns = [[], [], [], []]
    for s in sbox:
        word = [times_x(s), s, s, times_x(s) ^ s]
        for row in range(4):
            columns[row].append(int.from_bytes(bytes(word[-row:] + word[:-row]), "big"))
    return sbox, columns


SBOX, COLUMNS = aes_tables()


def aes_keys(key):
    words, rcon = list(struct.unpack(">8I", key)), 1
    sub = lambda w: int.from_bytes(bytes(SBOX[b] for b in w.to_bytes(4, "big")), "big")
    for i in range(8, 60):
        w = words[-1]
        if i % 8 == 0:
            w = sub((w << 8 | w >> 24) & 0xFFFFFFFF) ^ rcon << 24
            rcon = times_x(rcon)
        elif i % 8 == 4:
            w = sub(w)
        words.append(words[-8] ^ w)
    return words


def aes(keys, block):
    s = [w ^ k for w, k in zip(struct.unpack(">4I", block), keys)]
    a, b, c, d = COLUMNS
    for r in range(4, 56, 4):
        s = [
            a[s[i] >> 24] ^ b[s[i - 3] >> 16 & 255] ^ c[s[i - 2] >> 8 & 255] ^ d[s[i - 1] & 255] ^ keys[r + i]
            for i in range(4)
        ]
    last = [
        (SBOX[s[i] >> 24] << 24 | SBOX[s[i - 3] >> 16 & 255] << 16 | SBOX[s[i - 2] >> 8 & 255] << 8 | SBOX[s[i - 1] & 255])
        ^ keys[56 + i]
        for i in range(4)
    ]
    return struct.pack(">4I", *last)


def ghash_tables(h):
    """For each of the 16 places of a byte in a block: the byte there times h."""
    bits, v = [], h
    for _ in range(128):
        bits.append(v)
        v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    tables = []
    for place in range(16):
        table = [0] * 256
        for byte in range(256):
            for bit in range(8):
                if byte >> (7 - bit) & 1: table[byte] ^= bits[8 * place + bit]
        tables.append(table)
    return tables


def gcm_seal(keys, tables, nonce, plain):
    stream = b"".join(aes(keys, nonce + struct.pack(">I", 2 + i)) for i in range(-(-len(plain) // 16)))
    cipher = (int.from_bytes(plain, "big") ^ int.from_bytes(stream[: len(plain)], "big")).to_bytes(len(plain), "big")
    padded = cipher + bytes(-len(cipher) % 16) + struct.pack(">QQ", 0, 8 * len(cipher))
    y = 0
    for at in range(0, len(padded), 16):
        block = (y ^ int.from_bytes(padded[at : at + 16], "big")).to_bytes(16, "big")
        y = 0
        for table, byte in zip(tables, block): y ^= table[byte]
    mask = aes(keys, nonce + struct.pack(">I", 1))
    return cipher + (y ^ int.from_bytes(mask, "big")).to_bytes(16, "big")


def rs_multiply(a, b):
    product = 0
    while b:
        if b & 1: product ^= a
        a = (a << 1 ^ 0x11D) if a & 0x80 else a << 1
        b >>= 1
    return product


RS_TIMES = [bytes(rs_multiply(a, b) for b in range(256)) for a in range(256)]


def rs_inverse(a): return next(b for b in range(256) if RS_TIMES[a][b] == 1)


def rs_power(a, n):
    out = 1
    for _ in range(n): out = RS_TIMES[out][a]
    return out


def rs_matrix(k, n):
    """V times the inverse of its first k rows, by Gauss-Jordan on columns: column operations that make the top the identity."""
    m = [[rs_power(r, c) for c in range(k)] for r in range(n)]
    for pivot in range(k):
        swap = next(c for c in range(pivot, k) if m[pivot][c])
        for row in m: row[pivot], row[swap] = row[swap], row[pivot]
        inverse = rs_inverse(m[pivot][pivot])
        for row in m: row[pivot] = RS_TIMES[inverse][row[pivot]]
        for c in range(k):
            factor = m[pivot][c]
            if c != pivot and factor:
                for row in m: row[c] ^= RS_TIMES[factor][row[pivot]]
    return m


def rs_chunk(row, data):
    total = 0
    for factor, chunk in zip(row, data): total ^= int.from_bytes(chunk.translate(RS_TIMES[factor]), "big")
    return total.to_bytes(len(data[0]), "big")


def sealed():
    for path in sorted(CODEC_FOLDER.glob("*.json")):
        vectors = json.loads(path.read_text(encoding="utf-8"))
        k, n, keys = vectors["k"], vectors["n"], aes_keys(bytes.fromhex(vectors["key"]))
        tables = ghash_tables(int.from_bytes(aes(keys, bytes(16)), "big"))
        matrix = rs_matrix(k, n)
        # Larger ones have nothing new, and AES takes its time here.
        for one in (one for one in vectors["objects"] if one["plainLen"] <= 300_000):
            plain = bytes(i % 251 for i in range(one["plainLen"]))
            pieces = [plain[at : at + 65520] for at in range(0, len(plain), 65520)]
            data = b""
            for i, piece in enumerate(pieces):
                nonce = b"mgnet1\0" + struct.pack(">I", i) + bytes([i + 1 == len(pieces)])
                data += gcm_seal(keys, tables, nonce, piece)
                same((nonce.hex(), data[-16:].hex()), (one["frames"][i]["nonce"], one["frames"][i]["tag"]), "frame")
            same(sha256(data).hexdigest(), one["sealedSha256"], "sealed bytes")
            sealed_len, _, full, tail = layout(one["plainLen"], k)
            shards = [b""] * n
            for stripe in range(-(-sealed_len // (k * 65536))):
                chunk = 65536 if stripe < full else tail
                inside = data[stripe * k * 65536 :][: k * 65536].ljust(k * chunk, b"\0")
                chunks = [inside[i * chunk : (i + 1) * chunk] for i in range(k)]
                for i in range(n): shards[i] += rs_chunk(matrix[i], chunks)
            roots = [root([tagged(0x00, s[at : at + 1024]) for at in range(0, len(s), 1024)]) for s in shards]
            same([r.hex() for r in roots], one["shardRoots"], f"shard roots of {path.stem}")
            header = bytes([1, 0, k, n]) + u64(sealed_len) + root([tagged(0x00, r) for r in roots])
            same(base32(tagged(0x03, header)), one["objectId"], "sealed object's id")


# Manifests, links, names.

def manifests():
    for one in load("manifests.json")["manifests"]:
        out = b"MGM1" + compact(len(one["objects"]))
        for ref in one["objects"]:
            out += bytes.fromhex(ref["object"]) + u32(ref["group"]) + u64(ref["sealed_len"])
            out += b"\x01" + bytes.fromhex(ref["key"])
        out += compact(len(one["entries"]))
        for file in one["entries"]:
            path = file["path"].encode()
            out += compact(len(path)) + path + compact(file["size"]) + struct.pack("<q", file["mtime"])
            out += compact(file["mode"]) + bytes.fromhex(file["hash"]) + compact(len(file["extents"]))
            out += b"".join(compact(n) for extent in file["extents"] for n in extent)
        same(out.hex(), one["bytes"], "manifest")


def links():
    vectors = load("links.json")
    for one in vectors["names"]:
        link = f"meganet://{one['name']}/" + urllib.parse.quote(one["path"], safe="/")
        same(link, one["link"], "name link")
    for one in vectors["objects"]:
        body = bytes.fromhex(one["object"]) + u32(one["group"]) + u64(one["sealed_len"])
        link = "meganet://o/" + base32(body + tagged(0x40, b"id", body)[:4])
        if one["key"]:
            key = bytes.fromhex(one["key"])
            link += "#" + base32(key + tagged(0x40, b"key", bytes.fromhex(one["object"]), key)[:4])
        same(link, one["link"], "object link")


def valid(label):
    return bool(re.fullmatch(r"(?!-)(?!..--)[a-z0-9-]{3,63}(?<!-)", label))


def skeleton(label):
    plain = label.replace("-", "").translate(str.maketrans("01i258", "ollzsb"))
    return plain.replace("m", "rn").replace("w", "vv").replace("rn", "m").replace("vv", "w")


def names():
    vectors = load("names.json")
    for one in vectors["valid"]:
        same((valid(one["label"]), skeleton(one["label"])), (True, one["skeleton"]), "name")
    for one in vectors["refused"]:
        same(valid(one["label"]), False, f"refused name {one['label']!r}")


# Placement.

def fill(n, k, taken, candidates, seed):
    members, chosen, draw = [one for one in taken if one], [], 0
    for slot in range(n):
        if taken[slot]: continue
        may = [
            i for i, one in enumerate(candidates)
            if one["weight"] > 0
            and sum(m["country"] == one["country"] for m in members) < (n - k) // 2
            and all(m["operator"] != one["operator"] and m["worker"] != one["worker"] for m in members)
        ]
        if not may: break
        random = int.from_bytes(tagged(0x30, b"placement/draw", seed, u32(draw))[:16], "little")
        ticket = random % sum(candidates[i]["weight"] for i in may)
        for i in may:
            if ticket < candidates[i]["weight"]: break
            ticket -= candidates[i]["weight"]
        members.append(candidates[i])
        chosen.append([slot, i])
        draw += 1
    return chosen


def placement():
    vectors = load("placement.json")
    profiles = {one["name"]: one for one in vectors["profiles"]}
    for one in profiles.values():
        limit = (one["n"] - one["k"]) // 2
        same((limit, one["k"] + limit), (one["max_per_country"], one["quorum"]), "profile")
    for one in vectors["fills"]:
        n, k = profiles[one["profile"]]["n"], profiles[one["profile"]]["k"]
        chosen = fill(n, k, [None] * n, vectors["candidates"], bytes.fromhex(one["seed"]))
        same(chosen, one["chosen"], "fill")
        taken = [None] * n
        for slot, i in chosen: taken[slot] = vectors["candidates"][i] if slot != 1 else None
        refill = one["refill_of_slot_1"]
        same(fill(n, k, taken, vectors["candidates"], bytes.fromhex(refill["seed"])), refill["chosen"], "refill")


for check in (
    merkle, batches, ranges, objects, receipts, sealed, manifests, links, names, lives.lives, placement, audits.audits,
):
    check()
print(f"{common.checks} values agree")
