"""Checks lives.json: commitments, prices, lives of names, and how they are stored."""
from common import compact, load, same, tagged, u32, u64


def u128(n): return int(n).to_bytes(16, "little")


def decayed(params, elapsed):
    steps, rest = divmod(elapsed, params["halving"])
    whole = int(params["premiumStart"]) >> steps
    return whole - whole // 2 // params["halving"] * rest


def life(params, expires, now):
    grace = expires + params["grace"]
    if now < expires: return "active", 0
    if now < grace: return "grace", 0
    if now >= grace + params["premium"]: return "lapsed", 0
    return "premium", decayed(params, now - grace) - decayed(params, params["premium"])


def lives():
    vectors = load("lives.json")
    for one in vectors["commitments"]:
        label = one["label"].encode()
        message = bytes.fromhex(one["owner"]) + compact(len(label)) + label + bytes.fromhex(one["secret"])
        same(tagged(0x50, message).hex(), one["commitment"], "commitment")

    params = vectors["params"]
    encoded = b"".join(u32(params[key]) for key in ("minCommitAge", "maxCommitAge", "year", "grace", "premium", "halving"))
    encoded += u128(params["premiumStart"]) + b"".join(u128(rent) for rent in params["rent"])
    encoded += u128(params["deposit"]) + u128(params["recordDeposit"])
    same(encoded.hex(), vectors["params_encoded"], "encoded parameters")
    for one in vectors["rents"]:
        year = int(params["rent"][min(max(one["length"] - 3, 0), 3)])
        same(str(year * one["years"]), one["rent"], "rent")
    for one in vectors["lives"]:
        status, premium = life(params, 1_000, one["now"])
        same((status, str(premium)), (one["status"], one["premium"]), f"life in block {one['now']}")

    one = vectors["stored"]["name"]
    content = b"\x01\x00" + bytes.fromhex(one["object"]) + u32(one["group"]) + u64(one["sealed_len"])
    content += b"\x01" + bytes.fromhex(one["key"])
    encoded = bytes.fromhex(one["owner"]) + content
    encoded += b"".join(u32(one[key]) for key in ("version", "registered", "updated", "expires"))
    encoded += u128(one["deposit"]) + u32(one["tenure"])
    same(encoded.hex(), one["encoded"], "stored name")
    one = vectors["stored"]["subname"]
    foreign = bytes.fromhex(one["foreign"])
    encoded = b"\x01\x01" + compact(len(foreign)) + foreign + u32(one["version"]) + u32(one["updated"])
    encoded += b"\x01" + bytes.fromhex(one["delegate"]) + u32(one["delegate_tenure"]) + u128(one["deposit"])
    same(encoded.hex(), one["encoded"], "stored subname")
