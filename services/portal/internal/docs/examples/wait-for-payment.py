import time

import requests


def wait_for_payment(reference, seconds=600):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        response = requests.get(f"{{base}}/gateway/payments/{reference}/status", timeout=40)
        if response.ok:
            data = response.json()["data"]
            if data["status"] == "completed":
                return data
            if data["status"] in ("failed", "cancelled"):
                raise RuntimeError(data["status"])
        time.sleep(3)
    raise TimeoutError(reference)
