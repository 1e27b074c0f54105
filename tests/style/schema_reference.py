# SPDX-License-Identifier: Apache-2.0
"""The keys of a config file that say something about names, as Markdown, from its JSON schema."""

# Where the tables begin: their heading, and the way to them in the schema.
TABLES = [
    ("At the root", []),
    ("A metric", ["metrics", 0]),
    ("A group of metrics", ["metrics", 1]),
    ("buckets, if it is a map", ["metrics", 0, "buckets", 1]),
    ("linear", ["metrics", 0, "buckets", 1, "linear"]),
    ("exponential", ["metrics", 0, "buckets", 1, "exponential"]),
    ("native, if it is a map", ["metrics", 0, "native", 1]),
    ("quantiles: an item that is a map", ["metrics", 0, "quantiles", 1]),
    ("Below mapping", ["mapping"]),
    ("Defaults of mapping rules", ["mapping", "defaults"]),
    ("A mapping rule", ["mapping", "mappings"]),
    ("histogram_options", ["mapping", "mappings", "histogram_options"]),
    ("summary_options", ["mapping", "mappings", "summary_options"]),
    ("A profile of DogStatsD", ["mapping", "mapper_profiles"]),
    ("A rule of a profile", ["mapping", "mapper_profiles", "mappings"]),
    ("A test", ["tests"]),
]
# The root has settings too, which configuration.md describes.
OF_NAMES = ["include", "undeclared", "undeclared_labels", "metrics", "mapping", "drop_labels",
            "keep_labels", "rename_labels", "values", "tests"]


def follow(schema, way):
    for step in way:
        schema = schema["anyOf"][step] if isinstance(step, int) else schema["properties"][step]
        schema = schema.get("items", schema)
    return schema


def shown(number):
    return f"{int(number):,}" if number == int(number) and number < 1e15 else f"{number:g}"


def value_of(schema):
    """What a value may be, in a few words."""
    if "anyOf" in schema:
        *words, last = (value_of(one) for one in schema["anyOf"])
        return f"{', '.join(words)} or {last}"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "pattern" in schema:
        return "duration"
    kind = schema.get("type")
    if kind == "array":
        return "list"
    if kind == "object":
        return "map"
    if kind == "boolean":
        return "true or false"
    if kind in ("number", "integer"):
        words = "number" if kind == "number" else "whole number"
        if "minimum" in schema:
            words += f" from {shown(schema['minimum'])} to {shown(schema['maximum'])}"
        return words
    return "text" if kind else ""


def table(schema, is_root):
    rows = ["| key | value | meaning |", "| --- | --- | --- |"]
    for key, value in schema["properties"].items():
        if is_root and key not in OF_NAMES:
            continue
        meaning = value["description"]
        if value.get("deprecated"):
            meaning = f"outdated: write {meaning}"
        rows.append(f"| `{key}` | {value_of(value)} | {meaning} |".replace("  |", " |"))
    return "\n".join(rows)


def reference(schema):
    parts = [f"**{heading}**\n\n{table(follow(schema, way), not way)}\n"
             for heading, way in TABLES]
    return "\n".join(parts)
