"""xoshiro256** seeded through SplitMix64, from the papers' pseudocode: prints the numbers of SeededGeneratorTests."""

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


numbers = xoshiro(42)
print(", ".join(f"0x{next(numbers):016x}" for _ in range(4)))
print(f"0x{derived(7, 'scores'):016x}")
