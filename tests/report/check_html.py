#!/usr/bin/env python3
"""Reads a report as a browser and an assistive tool would, and says every promise that it breaks.

Well-formed nesting, unique ids, links that lead somewhere, table headers with a scope, nothing fetched from anywhere,
no inline handler or style, and a Content-Security-Policy whose hashes are those of the page's own style and scripts.
With --text TEXT (several times) the text must be readable on the page, as text.
"""
import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr", "col", "source", "path", "rect"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.problems, self.ids, self.links = [], [], [], []
        self.text, self.raw, self.policy, self.title, self.headings = [], {"style": [], "script": []}, "", "", []
        self.data_blocks, self.landmarks, self.tables = [], set(), 0

    def problem(self, text):
        self.problems.append(f"line {self.getpos()[0]}: {text}")

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        for name, value in attributes:
            if name.startswith("on") or name == "style":
                self.problem(f"inline {name} on <{tag}>")
            if name in ("src", "srcset", "action", "formaction", "poster", "data") or (name == "href" and not (value or "").startswith("#")):
                self.problem(f"<{tag}> refers to {value}")
        if "id" in names:
            self.ids.append(names["id"])
        if tag == "a":
            self.links.append(names.get("href", ""))
        if tag in ("img", "link", "iframe", "object", "embed", "base", "form", "b", "i"):
            self.problem(f"<{tag}> does not belong on the page")
        if tag == "meta" and names.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = names.get("content", "")
            if self.raw["script"] or self.raw["style"]:
                self.problem("the policy comes after what it should bind")
        if tag == "th" and names.get("scope") not in ("col", "row"):
            self.problem("a table header without a scope")
        if tag == "table":
            self.tables += 1
        if tag in ("main", "header", "footer"):
            self.landmarks.add(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.stack.append((tag, names))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.stack or self.stack[-1][0] != tag:
            self.problem(f"</{tag}> closes {self.stack[-1][0] if self.stack else 'nothing'}")
            return
        self.stack.pop()

    def handle_data(self, data):
        tag, names = self.stack[-1] if self.stack else ("", {})
        if tag == "script" and names.get("type") == "application/json":
            self.data_blocks.append(data)
        elif tag in self.raw:
            self.raw[tag].append(data)
        elif tag == "title":
            self.title += data
        else:
            self.text.append(data)


def main():
    path, wanted = sys.argv[1], [sys.argv[i + 1] for i, a in enumerate(sys.argv) if a == "--text"]
    with open(path, "rb") as file:
        content = file.read().decode("utf-8")  # strict: the page is valid UTF-8
    page = Page()
    page.feed(content)
    page.close()
    problems = page.problems
    if not content.lower().startswith("<!doctype html>"):
        problems.append("no doctype")
    problems += [f"<{tag}> is never closed" for tag, _ in page.stack]
    problems += [f"id {i} stands twice" for i in sorted({i for i in page.ids if page.ids.count(i) > 1})]
    problems += [f"{link} leads nowhere" for link in page.links if link[1:] not in page.ids]
    problems += [f"no <{name}>" for name in {"main", "header", "footer"} - page.landmarks]
    if page.headings.count(1) != 1:
        problems.append("not exactly one h1")
    problems += [f"h{b} follows h{a}" for a, b in zip(page.headings, page.headings[1:]) if b > a + 1]
    if not page.title.strip():
        problems.append("no title")
    if "default-src 'none'" not in page.policy or "unsafe" in page.policy:
        problems.append(f"the policy is weak: {page.policy}")
    for kind, blocks in page.raw.items():
        for block in blocks:
            digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
            if f"'sha256-{digest}'" not in page.policy:
                problems.append(f"a {kind} that the policy does not name by its hash: {block[:40]!r}")
    for block in page.data_blocks:
        json.loads(block)
    for word in ("MTTR",):
        if word in " ".join(page.text):
            problems.append(f"the word {word}")
    text = re.sub(r"\s+", " ", " ".join(page.text))
    problems += [f"not on the page: {w}" for w in wanted if re.sub(r"\s+", " ", w) not in text]
    if re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text):
        problems.append("a control or direction-changing character")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
