# Checks the evidence of a drill without any code of Rehearse: python3 verify.py BUNDLE 'VERIFIER KEY'
# The key must come from elsewhere than the bundle: from whoever ran the drill, or from an older report.
import base64
import hashlib
import json
import pathlib
import sys

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):  # Ed25519 as in RFC 8032, section 6: points are (x, y, z, xy/z)
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point_of(octets):
    y, sign = int.from_bytes(octets, "little") & (1 << 255) - 1, octets[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "a point of the signature is not on the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def signature_holds(key, text, signature):
    base = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % ORDER
    left, right = times(s, base), add(point_of(signature[:32]), times(h, point_of(key)))
    return s < ORDER and (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def need(holds, what):
    if not holds:
        sys.exit(f"REJECTED: {what}")


def sha256(octets):
    return hashlib.sha256(octets).digest()


def checkpoint_of(note, verifier):
    """Size and root of a signed note whose every byte is as it must be."""
    name, key_hash, encoded = verifier.split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    need(len(typed) == 33 and typed[0] == 1, "this is no Ed25519 verifier key")
    key_id = sha256(name.encode() + b"\n" + typed)[:4]
    need(key_id.hex() == key_hash, "the verifier key is damaged")
    text, _, line = note.partition(b"\n\n")
    before = f"\u2014 {name} ".encode()
    need(line.startswith(before) and line.endswith(b"\n"), "the checkpoint is not signed by this key")
    signed = base64.b64decode(line[len(before):-1])
    need(base64.b64encode(signed) + b"\n" == line[len(before):] and len(signed) == 68 and signed[:4] == key_id,
         "the checkpoint's signature is damaged")
    need(signature_holds(typed[1:], text + b"\n", signed[4:]), "the checkpoint's signature does not verify")
    origin, size, root = text.decode().split("\n")
    need(origin == name, "the checkpoint is of another log")
    return int(size), base64.b64decode(root)


def root_of(leaf, number, size, proof):
    """RFC 9162, section 2.1.3.2."""
    last = size - 1
    for other in proof:
        need(last > 0, "a proof is too long")
        if number & 1 or number == last:
            leaf = sha256(b"\1" + other + leaf)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            leaf = sha256(b"\1" + leaf + other)
        number, last = number >> 1, last >> 1
    need(last == 0, "a proof is too short")
    return leaf


def main(folder, verifier):
    size, root = checkpoint_of((folder / "checkpoint").read_bytes(), verifier)
    raw = (folder / "proofs.json").read_bytes()
    proofs = json.loads(raw)
    need(json.dumps(proofs, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() == raw, "proofs.json is not canonical")
    found, names = {}, set()
    for item in proofs["entries"]:
        proof = [bytes.fromhex(text) for text in item["proof"]]
        need([octets.hex() for octets in proof] == item["proof"] and 0 <= item["number"] < size, "a proof is damaged")
        need(root_of(sha256(b"\0" + item["entry"].encode()), item["number"], size, proof) == root,
             f"entry {item['number']} is not in the log")
        entry, document = json.loads(item["entry"]), (folder / "documents" / item["file"]).read_bytes()
        need("sha256:" + sha256(document).hex() == entry["document"], f"{item['file']} is not what was logged")
        need(item["file"] == f"{item['number']:06}-{entry['kind']}.json", f"{item['file']} has another name than was logged")
        need(entry["drill"] in ("", proofs["drill"]), f"{item['file']} is of another drill")
        names.add(item["file"])
        found.setdefault(entry["kind"], []).append((entry, document))
    need(names == {path.name for path in (folder / "documents").iterdir()}, "there are documents that nothing proves")
    drill = json.loads(found["drill"][0][1])
    need(drill["id"] == proofs["drill"] and drill["plan_hash"] == found["plan"][0][0]["document"], "the plan is of another drill")
    apart = {"drill", "plan", "verdict", "result", "proposal", "approval", "denial", "approval_used"}
    events = sorted(json.loads(document)["sequence"] for kind in found.keys() - apart for _, document in found[kind])
    need(events == list(range(1, len(events) + 1)), "the journal has a gap")
    print(f"ACCEPTED: drill {drill['id']} of {drill['environment']}, {len(events)} events, {len(names)} documents, in a log of {size} entries")


try:
    need(len(sys.argv) == 3, "usage: python3 verify.py BUNDLE 'VERIFIER KEY'")
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
except (KeyError, ValueError, IndexError, TypeError, OSError, AttributeError) as problem:
    sys.exit(f"REJECTED: {type(problem).__name__}: {problem}")
