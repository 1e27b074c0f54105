# SPDX-License-Identifier: Apache-2.0
"""The reader of OpenMetrics 2.0 takes what the specification allows, and nothing else."""

import math

import pytest

from openmetrics2_reader import Mistake, Native, read

H = "# TYPE h histogram\nh"

ALLOWED = [
    "a 1\n", "a{} 0\n", 'a{b="c"} -1.5e+3\n', "a NaN\na{b=\"\"} +Inf\n", "a .5\n",
    'a{b="\\"\\\\\\n",c="é"} 1 123.5\n', '{"a.b","c d"="e"} 1\n', '# HELP "a.b" x\n{"a.b"} 1\n',
    "# TYPE a counter\na 1 st@1.5\n", "# TYPE a counter\na 1 2.5 st@1.5 # {} 1 1.0\n",
    '# TYPE a counter\na 1 # {t="x"} 0.5 12.25\n', "# TYPE a gauge\n",
    "# TYPE a_info info\na_info 1\n",
    "# TYPE a gauge\n# UNIT a \n# HELP a \na 1\n", '# TYPE a stateset\na{a="x"} 1\na{a="y"} 0\n',
    H + " {count:2,sum:1.5,bucket:[0.5:1,+Inf:2]} st@1.5\n",
    H + " {count:0,sum:0,schema:3,zero_threshold:1e-4,zero_count:0}\n",
    H + " {count:2,sum:1,schema:0,zero_threshold:0,zero_count:0,"
    "positive_spans:[1:2],positive_buckets:[1,1],bucket:[-1:0,1:2,+Inf:2]}\n",
    "# TYPE h gaugehistogram\nh {gcount:2,gsum:-1,bucket:[+Inf:2]}\n",
    "# TYPE s summary\ns {count:2,sum:1,quantile:[]}\n",
    "# TYPE s summary\ns {count:2,sum:1,quantile:[0.5:NaN,0.99:1]} st@1\n",
]

FORBIDDEN = [
    "a 1", "a  1\n", " a 1\n", "a 1 \n", "a\n", "a x\n", "a 1.5.2\n", "a 0x1\n", "\n", "a 1\r\n",
    "# a comment\n", "#TYPE a gauge\n", "# TYPE a nonsense\n", "# TYPE a untyped\na 1\n",
    "# TYPE a gauge\n# TYPE a gauge\n", "# HELP a x\n# TYPE a gauge\n", "a 1\n# HELP a x\n",
    "a 1\nb 1\na{c=\"d\"} 1\n", "a 1\na{} 1\n", 'a{b="1",b="2"} 1\n', 'a{b="1",} 1\n', "a{b=1} 1\n",
    'a{b="x"y"} 1\n', 'a{0="x"} 1\n', "0a 1\n", '{"a"=""} 1\n', '{""} 1\n', 'a{c="\n"} 1\n',
    "# TYPE a counter\na -1\n", "# TYPE a counter\na NaN\n", "# TYPE a gauge\na 1 st@1\n",
    "# TYPE a gauge\na 1 # {} 1 1\n", "# TYPE a counter\na 1 # {} 1\n",
    "# TYPE a counter\na 1 ST@1\n", "# TYPE a counter\na 1 st@1 2\n",
    "# TYPE a counter\na_total 1\na 1\n", "# TYPE a info\n", "# TYPE a_info info\na_info 2\n",
    '# TYPE a stateset\na{b="x"} 1\n', "# TYPE a gauge\na {count:1,sum:1,bucket:[+Inf:1]}\n",
    "# TYPE h histogram\nh 1\n", H + " {count:1,sum:1}\n",
    H + " {count:1, sum:1,bucket:[+Inf:1]}\n",
    H + " {sum:1,count:1,bucket:[+Inf:1]}\n",
    H + " {count:1,sum:1,bucket:[]}\n",
    H + " {count:1,sum:1,bucket:[1:1]}\n",
    H + " {count:1,sum:1,bucket:[inf:1]}\n",
    H + " {count:1,sum:1,bucket:[2:0,1:1,+Inf:1]}\n",
    H + " {count:1,sum:1,bucket:[1:2,+Inf:1]}\n",
    H + " {count:2,sum:1,bucket:[1:1,+Inf:1]}\n",
    H + '{le="x"} {count:1,sum:1,bucket:[+Inf:1]}\n',
    H + " {gcount:1,gsum:1,bucket:[+Inf:1]}\n",
    H + " {count:1,sum:1,bucket:[+Inf:1],schema:0,zero_threshold:0,zero_count:1}\n",
    H + " {count:1,sum:1,schema:9,zero_threshold:0,zero_count:1}\n",
    H + " {count:1,sum:1,schema:0,zero_threshold:-1,zero_count:1}\n",
    H + " {count:2,sum:1,schema:0,zero_threshold:0,zero_count:1}\n",
    H + " {count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,"
    "positive_spans:[1:2],positive_buckets:[1]}\n",
    H + " {count:2,sum:1,schema:0,zero_threshold:0,zero_count:0,"
    "positive_spans:[1:1,-1:1],positive_buckets:[1,1]}\n",
    "# TYPE s summary\ns {count:2,sum:1}\n", "# TYPE s summary\ns {count:2.5,sum:1,quantile:[]}\n",
    "# TYPE s summary\ns {count:2,sum:1,quantile:[0.5:1,0.5:1]}\n",
    "# TYPE s summary\ns {count:2,sum:1,quantile:[1.5:1]}\n",
    '# TYPE s summary\ns{quantile="1"} {count:2,sum:1,quantile:[]}\n',
]


@pytest.mark.parametrize("text", ALLOWED)
def test_it_takes(text):
    assert read((text + "# EOF\n").encode())


@pytest.mark.parametrize("text", FORBIDDEN)
def test_it_refuses(text):
    with pytest.raises(Mistake):
        read((text + "# EOF\n").encode())


@pytest.mark.parametrize("body", [
    b"", b"a 1\n", b"a 1\n# EOF", b"a 1\n# EOF\na 1\n", b'a{b="# EOF\n', b"a\xff 1\n# EOF\n",
    b"\xef\xbb\xbfa 1\n# EOF\n",
])
def test_it_refuses_what_is_not_whole(body):
    with pytest.raises(Mistake):
        read(body)


def test_it_reads_all_fields():
    families = read(b"# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n"
                    b"# HELP a_seconds x\\ny\n"
                    b'a_seconds{b="\\""} {count:9,sum:2.5,'
                    b"schema:-1,zero_threshold:0.25,zero_count:1,"
                    b"negative_spans:[-2:1],negative_buckets:[3],positive_spans:[-1:1,2:1],"
                    b"positive_buckets:[1,4],bucket:[0:4,+Inf:9]} 7 st@1.5 # {t=\"u\"} 3 2.5\n"
                    b"# TYPE s summary\ns {count:2,sum:3,quantile:[0.5:NaN,1:2]}\n# EOF\n")
    family = families["a_seconds"]
    assert (family.type, family.unit, family.help) == ("histogram", "seconds", "x\ny")
    sample = family.samples[0]
    assert (sample.labels, sample.timestamp, sample.start) == ({"b": '"'}, 7, 1.5)
    assert (sample.value.count, sample.value.sum) == (9, 2.5)
    assert sample.value.buckets == [(0, 4), (math.inf, 9)]
    assert sample.value.native == Native(-1, 0.25, 1, {-2: 3}, {-1: 1, 2: 4})
    assert (sample.exemplars[0].labels, sample.exemplars[0].value) == ({"t": "u"}, 3)
    summary = families["s"].samples[0].value
    assert (summary.count, summary.sum, summary.quantiles[1]) == (2, 3, (1, 2))
    assert math.isnan(summary.quantiles[0][1])
