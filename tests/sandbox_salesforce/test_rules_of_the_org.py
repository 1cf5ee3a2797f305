"""Duplicate rules and assignment rules of the simulated Salesforce."""

import pytest

ALLOW = {"sforce-duplicate-rule-header": "allowSave=true; runAsCurrentUser=true"}
ALIKE = {"LastName": "O'Neil", "Email": "CY@acme.example"}


def code(answer):
    """The error code of a refused write, else its status."""
    status, body = answer
    return body[0]["errorCode"] if status >= 400 else status


@pytest.mark.parametrize(
    ("rule", "headers", "expected"),
    [
        (None, {}, 201),
        ("alert", {}, "DUPLICATES_DETECTED"),
        ("alert", ALLOW, 201),
        ("block", {}, "DUPLICATES_DETECTED"),
        ("block", ALLOW, "DUPLICATES_DETECTED"),
    ],
)
def test_a_duplicate_contact_is_saved_as_rule_and_header_say(
    org, rule, headers, expected
):
    """An alert can be overruled by the header, a block cannot."""
    org.control("switch", duplicate_rules={"Contact": rule} if rule else {})
    assert code(org("POST", "/sobjects/Contact", ALIKE, headers=headers)) == expected


@pytest.mark.parametrize(("headers", "expected"), [({}, 400), (ALLOW, 201)])
def test_a_part_of_a_composite_has_headers_of_its_own(org, headers, expected):
    """They overrule an alert for that part."""
    org.control("switch", duplicate_rules={"Contact": "alert"})
    part = {
        "method": "POST",
        "url": "/services/data/v62.0/sobjects/Contact",
        "referenceId": "one",
        "body": ALIKE,
        "httpHeaders": headers,
    }
    _, body = org("POST", "/composite", {"compositeRequest": [part]})
    assert body["compositeResponse"][0]["httpStatusCode"] == expected


def test_a_duplicate_rule_compares_with_live_rows_of_other_records(org):
    """The record itself and deleted ones are no duplicates."""
    org.control("switch", duplicate_rules={"Contact": "block", "Account": "block"})
    url = f"/sobjects/Contact/{org.ids['cy']}"
    assert org("PATCH", url, {"Email": "cy@acme.example"})[0] == 204
    org("DELETE", url)
    assert org("POST", "/sobjects/Contact", ALIKE)[0] == 201
    answer = org("POST", "/sobjects/Account", {"Name": " ACME"})
    assert code(answer) == "DUPLICATES_DETECTED"


@pytest.mark.parametrize(("header", "assigned"), [(None, True), ("FALSE", False)])
def test_an_assignment_rule_chooses_the_owner_unless_told_not_to(org, header, assigned):
    """It runs by default, over a given owner, too."""
    ann, me = org.ids["ann"], org.service.user_id
    org.service.load("User", [{"Id": me, "Name": "Integration", "IsActive": True}])
    org.control("switch", assignment_rules={"Lead": ann})
    headers = {"sforce-auto-assign": header} if header else {}
    fields = {"LastName": "L", "Company": "C", "OwnerId": me}
    made = org("POST", "/sobjects/Lead", fields, headers=headers)[1]["id"]
    owner = org("GET", f"/sobjects/Lead/{made}")[1]["OwnerId"]
    assert owner == (ann if assigned else me)


def test_an_unknown_switch_is_refused(org):
    """A misspelt one would silently switch nothing."""
    with pytest.raises(KeyError):
        org.control("switch", duplicate_rule={})
