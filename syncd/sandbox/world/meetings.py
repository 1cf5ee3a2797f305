"""What a meeting leaves in the calendar and in the recorder."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

_LENGTH = timedelta(minutes=45)

Row = dict[str, Any]


def invitation(number: int, *, title: str, host: str, guest: str, at: datetime) -> Row:
    """The host's calendar copy of one meeting, in Google's shape."""
    event_id = hashlib.sha256(f"{number}|{host}|{at}".encode()).hexdigest()[:26]
    event_id = event_id.translate(str.maketrans("wxyz", "abcd"))
    link = f"https://go.chorus.ai/{int(event_id[:8], 16)}"
    made = at - timedelta(days=3)
    return {
        "id": event_id,
        "iCalUID": f"{event_id}@google.com",
        "status": "confirmed",
        "summary": title,
        "location": link,
        "created": made.isoformat().replace("+00:00", "Z"),
        "updated": made.isoformat().replace("+00:00", "Z"),
        "start": {"dateTime": at.isoformat(), "timeZone": "UTC"},
        "end": {"dateTime": (at + _LENGTH).isoformat(), "timeZone": "UTC"},
        "organizer": {"email": host},
        "creator": {"email": host},
        "attendees": [
            {"email": host, "organizer": True, "responseStatus": "accepted"},
            {"email": guest, "responseStatus": "accepted"},
        ],
        "eventType": "default",
    }


def recording(
    invite: Mapping[str, Any],
    *,
    guest: Mapping[str, Any],
    deal: Mapping[str, Any],
    account: Mapping[str, Any],
    at: datetime,
) -> Row:
    """The engagement and the conversation of a recorded meeting, as Chorus has them."""
    number = hashlib.sha256(str(invite["id"]).encode()).hexdigest()[:32].upper()
    host = str(invite["organizer"]["email"])
    ends = at + _LENGTH
    people = [
        {"name": host.partition("@")[0], "email": host, "type": "rep"},
        {"name": guest["name"], "email": guest["email"], "type": "customer"},
    ]
    engagement = {
        "engagement_id": number,
        "engagement_type": "meeting",
        "date_time": at.timestamp() + 60,
        "duration": _LENGTH.total_seconds() - 120,
        "subject": invite["summary"],
        "url": f"https://chorus.ai/meeting/{number}",
        "opportunity_id": deal["id"],
        "user_email": host,
        "participants": people,
        "processing_state": "done",
        "no_show": False,
    }
    conversation = {
        "name": invite["summary"],
        "status": "done",
        "source": "zoom",
        "private": False,
        "deal": {"id": deal["id"]},
        "account": {"ext_id": account["id"], "name": account["name"]},
        "owner": {"email": host},
        "participants": [{**one, "is_my_team": one["type"] == "rep"} for one in people],
        "meeting": {"ical_uid": invite["iCalUID"], "meeting_url": invite["location"]},
        "recording": {
            "start_time": at.isoformat(),
            "schedule_start_time": at.isoformat(),
            "schedule_end_time": ends.isoformat(),
        },
    }
    return {"engagement": engagement, "conversation": conversation}
