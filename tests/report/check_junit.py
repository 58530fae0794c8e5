#!/usr/bin/env python3
"""Reads a JUnit document as CI systems do and prints its cases; says where counts or elements are wrong."""
import sys
import xml.etree.ElementTree as tree

root = tree.parse(sys.argv[1]).getroot()
problems = []
if root.tag != "testsuites":
    problems.append("the root is " + root.tag)
for suite in root:
    cases = suite.findall("testcase")
    for attribute, count in [
        ("tests", len(cases)),
        ("failures", len(suite.findall("testcase/failure"))),
        ("errors", len(suite.findall("testcase/error"))),
        ("skipped", len(suite.findall("testcase/skipped"))),
    ]:
        if int(suite.get(attribute)) != count:
            problems.append(f"suite {suite.get('name')}: {attribute} says {suite.get(attribute)}, there are {count}")
    for case in cases:
        properties = {p.get("name"): p.get("value") for p in case.findall("properties/property")}
        outcome = [child.tag for child in case if child.tag != "properties"]
        print(suite.get("name"), properties["verdict"], outcome[0] if outcome else "passed", case.get("time"), sep="|")
for attribute in ("tests", "failures", "errors", "skipped"):
    if int(root.get(attribute)) != sum(int(suite.get(attribute)) for suite in root):
        problems.append(f"the sum of {attribute} is wrong")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
