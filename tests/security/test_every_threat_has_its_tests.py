"""Which threats there are, and where each is held. Whoever adds a feature that brings one adds its row here.

A file that is named has to be there, and a threat that waits for a feature has none only while the feature has none.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.security.operations import OPERATIONS

TESTS = Path(__file__).resolve().parents[1]

HELD_BY: dict[str, list[str]] = {
    "another's object by id": ["security/test_others_objects.py"],
    "finding a home from distances": [
        *(
            "nearby/test_three_points.py",
            "nearby/test_fuzz.py",
            "nearby/test_several_answers.py",
            "nearby/test_my_place.py",
            "core/test_logs.py",
        ),
    ],
    "guessing SMS codes": ["security/test_sms_codes_at_once.py", "security/campaign_sms.py"],
    "SMS bombing": [
        *("security/test_sms_codes_at_once.py", "security/test_rate_limits.py", "security/campaign_sms.py"),
        *("accounts/test_sms_code_limits.py", "faults/test_redis_away.py"),
    ],
    "token theft and fixation": [
        *("security/test_tokens_end_everywhere.py", "accounts/test_login_tokens.py"),
        *("accounts/test_logout_and_sessions.py", "accounts/test_secrets_at_rest.py", "core/test_callers.py"),
        *("accounts/test_proofs.py", "accounts/test_stolen_tokens.py", "google/test_phones.py"),
    ],
    "which phones are registered": ["security/test_which_phones_are_registered.py", "security/campaign_phones.py"],
    "replay": ["security/test_replays.py", "security/campaign_replay.py"],
    "tampering": ["security/test_signed_requests.py", "security/test_signatures.py"],
    "setting what is not yours to set": ["security/test_what_is_not_yours_to_set.py"],
    "admin by guessing": ["security/test_roles.py", "accounts/test_last_admin.py"],
    "uploads": [
        *("uploads/test_hostile_files.py", "uploads/test_uploads.py", "server/test_uploads.py"),
        *("server/test_private_files.py", "server/test_media.py", "topology/test_files_behind_nginx.py"),
    ],
    "fetching URLs for a caller": ["security/test_nothing_is_fetched.py"],
    "secrets in logs": ["security/test_secrets_in_logs.py", "core/test_logs.py", "server/test_access_log.py"],
    "log injection": ["core/test_logs.py", "server/test_access_log.py"],
    "Swagger in production": ["security/test_swagger_in_production.py"],
    "CORS": ["security/test_cors.py", "settings/test_settings.py"],
    "Host header": ["security/test_host_header.py", "server/test_request_framing.py"],
    "X-Forwarded-For against limits": ["security/test_forwarded_addresses.py", "topology/test_nginx_site.py"],
    "odd JSON": ["core/test_strict_json.py", "security/test_every_endpoint.py", "security/test_odd_json.py"],
    "resource use": ["security/test_resource_use.py", "security/test_every_endpoint.py", "test_rows_read.py"],
    "slow clients": ["server/test_connections.py", "security/campaign_slow.py"],
    "request smuggling": ["server/test_request_framing.py", "security/test_smuggling_through_nginx.py"],
    "migrations under two releases": [
        *("migrations/test_migrations.py", "faults/test_sqlite_away.py", "deploy/test_deploys_under_load.py"),
    ],
    "hung upstreams": [
        *("outside/test_fetch.py", "outside/test_calling.py", "sms/test_bad_days.py", "google/test_keys.py"),
        *("faults/test_vendor_hangs.py", "storage/test_slow_storages.py"),
    ],
    "metrics for outsiders": ["metrics/test_metrics_page.py", "topology/test_nginx_site.py"],
    "Redis away": ["faults/test_redis_away.py"],
    "any answer that the page does not describe": ["swagger/test_conformance.py", "security/campaign_conformance.py"],
    "packages with known holes": ["security/test_audit.py"],
}
# Words that an address would have with such a feature.
WAITING = {
    "forged payment notifications": "pay|order|product|refund",
    "WebSocket": "/ws|socket",
    "messages of others": "chat|message|conversation",
}


@pytest.mark.parametrize("threat", HELD_BY)
def test_threat_has_its_tests(threat: str) -> None:
    for name in HELD_BY[threat]:
        functions = [node.name for node in ast.parse((TESTS / name).read_text()).body if hasattr(node, "name")]
        begins = "test_" if "/test_" in f"/{name}" else "run"
        assert any(function.startswith(begins) for function in functions), name


@pytest.mark.parametrize("threat", WAITING)
def test_threat_waits_only_while_there_is_no_such_feature(threat: str) -> None:
    found = [str(one) for one in OPERATIONS if re.search(WAITING[threat], one.path)]
    assert found == [], f"name the tests that hold {threat!r} in HELD_BY"
