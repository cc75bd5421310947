"""Publishes, pages and meets a conflict with a client that openapi-python-client has made of the document alone."""

import os
import sys

from mirsal_api_client import AuthenticatedClient
from mirsal_api_client.api.event_types import create_event_type
from mirsal_api_client.api.events import list_events, publish_event
from mirsal_api_client.models import NewEvent, NewEventData, NewEventType, NewEventTypeSchema, Problem

client = AuthenticatedClient(base_url=os.environ["MIRSAL_URL"], token=os.environ["MIRSAL_KEY"])


def publish(event_id: str, email: str):
    data = NewEventData.from_dict({"email": email})
    event = NewEvent(id=event_id, type_="python.lead.created", data=data)
    return publish_event.sync(client=client, body=event)


schema = NewEventTypeSchema.from_dict({"type": "object"})
create_event_type.sync(client=client, body=NewEventType(name="python.lead.created", schema=schema))
for number in range(5):
    accepted = publish(f"python-{number}", f"reader{number}@example.com")
    assert accepted.id == f"python-{number}", accepted

ids, cursor = [], None
while True:
    page = list_events.sync(client=client, limit=2, type_="python.lead.created", **({"cursor": cursor} if cursor else {}))
    ids += [event.id for event in page.data]
    cursor = page.next_cursor
    if cursor is None:
        break
assert ids == [f"python-{number}" for number in reversed(range(5))], ids

conflict = publish("python-0", "somebody.else@example.com")
assert isinstance(conflict, Problem) and conflict.status == 409, conflict
assert conflict.code == "idempotency_conflict", conflict.code
print(f"python: {len(ids)} events, then {conflict.status} {conflict.code}", file=sys.stdout)
