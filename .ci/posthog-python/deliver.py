"""Sends events through posthog-python as an application would: deliver.py URL [MODE]"""
import sys

from posthog import Posthog

mode = " ".join(["python", *sys.argv[2:]])
user = mode.replace(" ", "-")
failed = []
client = Posthog("phc_clients", host=sys.argv[1], on_error=lambda error, items: failed.append(error))
for n in range(90):
    client.capture(f"{mode} {n % 2}", distinct_id=user, properties={"n": n})
client.set(distinct_id=user, properties={"plan": "free"})
client.alias(previous_id=f"anon-{user}", distinct_id=user)
client.group_identify("company", "acme")
client.shutdown()
if failed:
    sys.exit(f"posthog-python: {failed[0]}")
