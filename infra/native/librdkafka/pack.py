"""Packs a built librdkafka into a NuGet package: pack.py SOURCE_FOLDER TARGET.nupkg

The layout is that of the public package, with the one platform built here. The same input gives the same bytes.
"""
import os
import sys
import zipfile

NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata><id>librdkafka.redist</id><version>2.15.1</version><authors>local build</authors>
    <license type="expression">BSD-2-Clause</license><description>librdkafka 2.15.1, linux-x64, built from source.</description></metadata>
</package>
"""


def add(package, name, content):
    entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    package.writestr(entry, content)


def main(source, target):
    # Written under another name first: a half-written package would be taken for a whole one by the next start.
    partial = target + ".partial"
    with zipfile.ZipFile(partial, "w") as package:
        add(package, "librdkafka.redist.nuspec", NUSPEC)
        with open(os.path.join(source, "LICENSES.txt"), "rb") as file:
            add(package, "LICENSES.txt", file.read())
        with open(os.path.join(source, "src", "librdkafka.so.1"), "rb") as file:
            add(package, "runtimes/linux-x64/native/librdkafka.so", file.read())
    os.replace(partial, target)


main(*sys.argv[1:])
