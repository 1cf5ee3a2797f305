"""Telephone numbers in one spelling."""

import phonenumbers


def e164(text: str | None) -> str | None:
    """An international number as E.164; None for one without its country.

    ``+`` and the international prefix ``00`` are understood. A national number could
    be anybody's in another country, so it is none. Source: ITU-T E.164.
    """
    number = (text or "").strip()
    if number.startswith("00"):
        number = f"+{number[2:]}"
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
