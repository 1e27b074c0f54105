# SPDX-License-Identifier: Apache-2.0
"""Lines that no honest sender writes: valid lines, damaged."""

import random

import vectors

# Good and bad lines from the protocol's vectors, and some lines of real clients.
VALID = [line for case in vectors.load() for line in case.raw.split(b"\n") if line]
VALID = VALID[::3] + 20 * [
    b"bot.routes_total:1|c|#player_id:1,status:completed",
    b"requests_total:3|c|@0.1|#code:200", b"depth:-4|g", b"depth:+1.5|g|#queue:mail",
    b"latency:320|ms|@0.5|#path:/a/b", b"size:12.5|h|#k:v", b"length:1e3|d|#k:v,l:w,m:x",
    b"dog:1|c|#k:v|c:83c0a99c|T1656581400", b"_e{5,4}:title|text", b"_sc|name|0",
]
NUMBERS = [b"nan", b"-nan", b"inf", b"-inf", b"+Inf", b"1e308", b"-1e308", b"1e999", b"5e-324",
           b"0x1p3", b"1e", b"1e+", b"--1", b"+-1", b".", b"", b" 1", b"1 ", b"1_0", b"9" * 300,
           b"0." + b"0" * 400 + b"1", b"18446744073709551616", b"-0", b"1e-400", b"\xd9\xa1"]
RATES = [b"@0", b"@-1", b"@2", b"@nan", b"@inf", b"@1e-308", b"@5e-324", b"@", b"@@0.5", b"@x"]
NAMES = [b"udometer_lines_total", b"process_open_fds", b"__name__", b"le", b"up", b"", b" ", b"9",
         b"size_bucket", b"size_count", b"size_sum", b"a" * 600, b"\xc3\xa4", b"\xff", b"a\nb",
         b"{", b"a{b=\"c\"}", b"# TYPE x counter", b"a b", b"-----", b"\0", b"requests"]
KEYS = [b"le", b"quantile", b"__name__", b"__meta", b"job", b"instance", b"", b"9", b"a b", b"\"",
        b"\xc3\xa4", b"\xff", b"k" * 300, b"\0", b"a-b", b"a.b", b"a_b"]
VALUES = [b"\"", b"\\", b"\\n", b"\\\"", b"}", b"{", b"\x01\x1f\x7f", b"\0", b"\r", b"\xe2\x80\xa8",
          b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x8c\xa7", b"v" * 3000, b" ",
          b"=", b"a=\"b\",c=\"d\"", b"+Inf", b"\xc0\x80", b":", b"::"]


class Generator:
    """Endless datagrams; the same seed gives the same ones."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def datagram(self):
        lines = [self.line() for _ in range(self.chance.choice([1, 1, 1, 2, 5, 40]))]
        ends = self.chance.choice([b"\n", b"\n", b"\r\n", b"\n\n", b"\0"])
        if self.chance.random() < 0.002:
            lines = [self.enormous()]
        return ends.join(lines)[:65_507]

    def piece(self, data):
        """A form of it for a stream: all of it or a part, with or without an end, or a frame."""
        chance = self.chance.random()
        if chance < 0.4:
            return data + b"\n"
        if chance < 0.6:
            return data[:self.chance.randrange(len(data) + 1)]
        length = len(data)
        if chance >= 0.9:
            length = self.chance.getrandbits(self.chance.choice([8, 20, 32]))
        return length.to_bytes(4, "little") + data

    def line(self):
        line = self.chance.choice([self.from_parts, self.valid])()
        for _ in range(self.chance.choice([0, 0, 1, 1, 2, 5])):
            line = self.mutate(line)
        return line

    def valid(self):
        return self.chance.choice(VALID)

    def from_parts(self):
        pick, chance = self.chance.choice, self.chance.random
        name = pick(NAMES) if chance() < 0.3 else b"n%d" % self.chance.randrange(20_000)
        number = pick(NUMBERS) if chance() < 0.3 else b"%g" % self.chance.uniform(-10, 1000)
        kind = pick([b"c", b"g", b"ms", b"h", b"d", b"s", b"x", b"", b"cc", b"|", b"c:1|g"])
        parts = [name + b":" + number, kind]
        if chance() < 0.3:
            parts.append(pick(RATES))
        if chance() < 0.6:
            parts.append(b"#" + b",".join(self.tag() for _ in range(pick([1, 2, 3, 70]))))
        return b"|".join(parts)

    def tag(self):
        pick, chance = self.chance.choice, self.chance.random
        key = pick(KEYS) if chance() < 0.4 else b"k%d" % self.chance.randrange(10)
        value = pick(VALUES) if chance() < 0.6 else b"v%d" % self.chance.randrange(100)
        return key + pick([b":", b":", b":", b"", b"="]) + value

    def mutate(self, line):
        at, to = sorted(self.chance.randrange(len(line) + 1) for _ in range(2))
        other = self.chance.choice([
            b"", line[at:to] * 2, self.chance.randbytes(self.chance.randrange(4)),
            bytes([self.chance.choice(b":|#@,\n\r\"\\{}=+-_\0\xff .e")]),
            self.chance.choice(NUMBERS), self.valid()])
        return line[:at] + other + (line[at:] if self.chance.random() < 0.5 else line[to:])

    def enormous(self):
        return self.chance.choice([
            b"x" * 65_507, b"x:" + b"1" * 65_000 + b"|c", b"x:1|c|#" + b"k:v," * 16_000,
            b"x:1|c" + b"|" * 65_000, b"x:1|c|#k:" + b"v" * 65_000, b"\n" * 65_507,
            b"x:1|c" + b"|@0.5" * 13_000, b"x:1|c" + b"|#a:b" * 13_000, b"a:" * 32_000,
            b"\xff" * 65_507, b"x:1|c|#" + b"," * 65_000, b"x:" + b"1:" * 32_000 + b"1|h",
            b"x" + b":1|c" * 16_000, b"x:1|c" + b"|@.5:1|c" * 8000, b"x" + b"[" * 60_000 + b":1|c",
            b"x" + b"[a=b]" * 13_000 + b":1|c", b"x" + b",a=b" * 16_000 + b":1|c",
            b"y" * 500 + b",a=b" * 100 + b":1:2" * 15_000 + b"|ms", b"_e{9999999,1}:a|b",
            b"x:1|c|#" + b",".join(b"k%d:v" % i for i in range(8000)), b"x:1|c\n" * 10_000])
