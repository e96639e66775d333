"""xoshiro256** seeded through SplitMix64, from the papers' pseudocode: prints the numbers of SeededGeneratorTests and writes
choices.json beside this file: integers below many bounds, and shuffled lists.

Integers are drawn as Lemire's paper defines them, by exact arithmetic and without its shortcut: the number x is passed over
while x * bound mod 2^64 lies below 2^64 mod bound, and else gives x * bound div 2^64."""

import json
import pathlib

MASK = (1 << 64) - 1


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def splitmix(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        yield mix(state)


def rotate(x, k):
    return ((x << k) | (x >> (64 - k))) & MASK


def xoshiro(seed):
    words = splitmix(seed)
    s = [next(words) for _ in range(4)]
    while True:
        yield (rotate((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)


def derived(seed, stream):
    value = 0xCBF29CE484222325  # FNV-1a
    for byte in stream.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return next(splitmix(seed ^ value))


def below(bound, numbers):
    while True:
        product = next(numbers) * bound
        if product % (1 << 64) >= (1 << 64) % bound:
            return product >> 64


def shuffled(count, numbers):
    """Durstenfeld's shuffle from the first place on, by taking values out of a list."""
    left, result = list(range(count)), []
    while len(left) > 1:
        place = below(len(left), numbers)
        result.append(left[place])
        # The place is filled by what stood first.
        left[place] = left[0]
        left.pop(0)
    return result + left


THIRD = (1 << 64) // 3 + 1  # every third number is passed over
BOUNDS = [1, 2, 3, 5, 7, 10, 64, 100, 255, 256, 1000, 60_000, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, 10**12, THIRD,
          (1 << 63) - 1, 1 << 63, (1 << 63) + 1, 3 << 62, (1 << 64) - 1]

numbers = xoshiro(42)
print(", ".join(f"0x{next(numbers):016x}" for _ in range(4)))
print(f"0x{derived(7, 'scores'):016x}")

integers = []
for bound in BOUNDS:
    numbers = xoshiro(derived(11, f"below/{bound}"))
    integers.append({"bound": bound, "values": [below(bound, numbers) for _ in range(12)], "next": next(numbers)})
orders = []
for count in [0, 1, 2, 3, 4, 10, 52, 257]:
    numbers = xoshiro(derived(12, f"order/{count}"))
    orders.append({"count": count, "order": shuffled(count, numbers), "next": next(numbers)})
path = pathlib.Path(__file__).with_name("choices.json")
rows = [",\n".join(json.dumps(entry) for entry in entries) for entries in (integers, orders)]
path.write_text(f'{{"integers": [\n{rows[0]}\n], "orders": [\n{rows[1]}\n]}}\n')
