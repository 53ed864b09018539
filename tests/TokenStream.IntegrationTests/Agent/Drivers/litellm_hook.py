"""Drives integrations/litellm/tokenstream_hook.py as LiteLLM's proxy does, with stand-ins of what it documents.

litellm_hook.py FOLDER-OF-THE-HOOK AGENT-URL; prints `passed` at the end, and `streaming` once a stream runs that is to be killed.
"""

import asyncio
import sys
import time
import types

folder, agent = sys.argv[1:]


class CustomLogger:
    """The documented base: every hook may be awaited, and does nothing."""

    def __init__(self, message_logging=True, **kwargs):
        self.message_logging = message_logging


class HTTPException(Exception):
    def __init__(self, status_code, detail=None, headers=None):
        self.status_code, self.detail, self.headers = status_code, detail, headers


def module(name, **members):
    made = sys.modules[name] = types.ModuleType(name)
    vars(made).update(members)
    return made


module("litellm")
module("litellm.integrations")
module("litellm.integrations.custom_logger", CustomLogger=CustomLogger)
module("litellm.proxy")
server = module("litellm.proxy.proxy_server", llm_router=None)
module("fastapi", HTTPException=HTTPException)
sys.path.insert(0, folder)
sys.dont_write_bytecode = True

import tokenstream_hook  # noqa: E402

assert issubclass(tokenstream_hook.TokenStreamHook, CustomLogger)
assert isinstance(tokenstream_hook.proxy_handler_instance, CustomLogger)

# The machine of the tests is slow; the deadline is tried by itself below.
hook = tokenstream_hook.TokenStreamHook(agent=agent, deadline_ms=30_000)
MESSAGES = [{"role": "user", "content": "Write a haiku about budgets."}]


def key(team):
    return types.SimpleNamespace(team_id=team, user_id="u-7", api_key="hashed")


def request(**more):
    return {"model": "gpt-5", "messages": MESSAGES, "metadata": {"requester_metadata": {"feature": "search"}}, **more}


async def ask(team, with_hook=None, call_type="acompletion", **more):
    data = request(**more)
    changed = await (with_hook or hook).async_pre_call_hook(key(team), None, data, call_type)
    assert changed is data
    return data


async def refused(team, with_hook=None, **more):
    try:
        await ask(team, with_hook, **more)
    except HTTPException as refusal:
        return refusal
    raise AssertionError(f"{team} was let in")


def payload(team, call, tokens_in, tokens_out, **more):
    return {
        "id": "chatcmpl-1", "litellm_call_id": call, "call_type": "acompletion", "status": "success", "custom_llm_provider": "openai",
        "startTime": 1795213106.5, "endTime": 1795213107.75, "completionStartTime": 1795213107.0, "model": "openai/gpt-5", "model_group": "gpt-5",
        "api_base": "https://api.openai.com", "messages": MESSAGES, "response": {"model": "gpt-5", "choices": [{"message": {"content": "secret"}}]},
        "metadata": {"user_api_key_team_id": team, "usage_object": {
            "prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out,
            "prompt_tokens_details": {"cached_tokens": 5 if tokens_in else 0}, "completion_tokens_details": {"reasoning_tokens": 0}}},
        "hidden_params": {"additional_headers": {"llm_provider-x-request-id": "r"}}, "error_information": {}, **more,
    }


async def commands_are_obeyed():
    refusal = await refused("t-kill")
    assert refusal.status_code == 403, refusal.status_code
    assert refusal.detail["error"]["code"] == "tokenstream_killed", refusal.detail
    assert refusal.headers["x-should-retry"] == "false", refusal.headers

    assert (await ask("t-trim"))["max_tokens"] == 7
    assert (await ask("t-trim", max_tokens=900))["max_tokens"] == 7
    assert (await ask("t-trim", max_completion_tokens=3))["max_completion_tokens"] == 3
    assert (await ask("t-trim", call_type="aresponses"))["max_output_tokens"] == 7
    assert "max_tokens" not in await ask("t-trim", call_type="aembedding")

    assert (await ask("t-route"))["model"] == "gpt-5-mini"
    server.llm_router = types.SimpleNamespace(model_list=[
        {"model_name": "gpt-5", "litellm_params": {"model": "openai/gpt-5"}},
        {"model_name": "small", "litellm_params": {"model": "openai/gpt-5-mini"}}])
    assert (await ask("t-route"))["model"] == "small"
    # Providers and models are those behind the names of the configuration.
    assert hook._served_by("small") == ("openai", "gpt-5-mini")
    server.llm_router.model_list.pop()
    assert (await ask("t-route"))["model"] == "gpt-5"
    server.llm_router = None

    # Six a minute: one passes at once and another each ten seconds, which may go by on a slow machine.
    refusal = None
    for _ in range(50):
        try:
            await ask("t-throttle")
        except HTTPException as throttled:
            refusal = throttled
            break
    assert (refusal.status_code, refusal.detail["error"]["code"]) == (429, "tokenstream_throttled")
    assert int(refusal.headers["Retry-After"]) >= 1


async def what_was_used_is_told_once():
    data = await ask("t-free", litellm_call_id="call-used")
    kwargs = {"litellm_call_id": "call-used", "standard_logging_object": payload("t-free", "call-used", 1234, 56)}
    # A try that failed first is an event of its own and leaves the request admitted.
    failed = payload("t-free", "call-used", 0, 0, status="failure", startTime=1795213100.5, error_information={"error_code": "500"})
    await hook.async_log_failure_event({"litellm_call_id": "call-used", "standard_logging_object": failed}, None, None, None)
    assert "call-used" in hook._admitted
    await hook.async_log_success_event(kwargs, None, None, None)
    assert not hook._admitted.get("call-used") and data["litellm_call_id"] == "call-used"
    # Told once more, it has the same name.
    await hook.async_log_success_event(kwargs, None, None, None)

    await ask("t-free", litellm_call_id="call-failed")
    await hook.async_post_call_failure_hook({"litellm_call_id": "call-failed"}, ValueError(), key("t-free"))
    assert "call-failed" not in hook._admitted
    # LiteLLM logs what was refused as a failure: nobody was asked for it.
    await refused("t-kill", litellm_call_id="call-refused")
    log = {"litellm_call_id": "call-refused", "standard_logging_object": payload("t-kill", "call-refused", 777, 0, status="failure")}
    await hook.async_log_failure_event(log, None, None, None)


async def many_at_once_share_connections():
    await asyncio.gather(*(ask("t-free", litellm_call_id=f"many-{i}") for i in range(200)))
    idle = next(iter(hook._agent._idle.values()))
    assert 0 < len(idle) <= 64, len(idle)
    for _, writer in idle:
        writer.close()
    await ask("t-free", litellm_call_id="after-closing")


async def while_the_agent_is_away():
    gone = dict(agent="http://127.0.0.1:1", deadline_ms=30_000)
    await ask("t-kill", tokenstream_hook.TokenStreamHook(**gone))
    refusal = await refused("t-free", tokenstream_hook.TokenStreamHook(on_away="closed", **gone))
    assert (refusal.status_code, refusal.detail["error"]["code"]) == (503, "tokenstream_agent_away")

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    hanging = tokenstream_hook.TokenStreamHook(agent=f"127.0.0.1:{port}", deadline_ms=50)
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.ensure_future(tick())
    start = time.monotonic()
    await ask("t-kill", hanging)
    waited = time.monotonic() - start
    ticking.cancel()
    # The loop went on meanwhile, and nobody waited for good.
    assert ticks > 10 and 0.04 < waited < 20, (ticks, waited)
    listener.close()


async def a_killed_stream_ends():
    await ask("t-stream", litellm_call_id="call-stream", stream=True)

    async def pieces():
        while True:
            yield "word "
            await asyncio.sleep(0.05)

    seen = 0
    try:
        async for _ in hook.async_post_call_streaming_iterator_hook(key("t-stream"), pieces(), {"litellm_call_id": "call-stream"}):
            seen += 1
            if seen == 1:
                print("streaming", flush=True)
    except HTTPException as refusal:
        assert refusal.status_code == 403 and seen > 0
    assert "call-stream" not in hook._admitted


async def main():
    for scenario in (commands_are_obeyed, what_was_used_is_told_once, many_at_once_share_connections, while_the_agent_is_away, a_killed_stream_ends):
        await scenario()
        print("ok", scenario.__name__, flush=True)


asyncio.run(main())
print("passed", flush=True)
