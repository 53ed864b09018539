"""TokenStream for LiteLLM's proxy: asks `tokenstream gateway-agent` about each request and tells it what was used.

Put this file beside the proxy's config.yaml and name it there:

    litellm_settings:
      callbacks: tokenstream_hook.proxy_handler_instance

Needs nothing but Python's standard library. Settings are environment variables:

    TOKENSTREAM_AGENT          http://127.0.0.1:7070, or unix:/path/to/socket
    TOKENSTREAM_TOKEN          the agent's token, where it wants one
    TOKENSTREAM_DEADLINE_MS    how long a request waits for a decision (50)
    TOKENSTREAM_ON_AWAY        open lets requests pass while the agent does not answer, closed refuses them (open)
    TOKENSTREAM_USAGE          agent: what was used is published by the agent; receiver: LiteLLM's generic_api callback sends it to
                               TokenStream's receiver, and the agent only settles budgets (agent)
    TOKENSTREAM_TENANT         the tenant of requests that name none
"""

import asyncio
import collections
import json
import logging
import os
import time
import uuid
from urllib.parse import urlsplit

try:
    from litellm.integrations.custom_logger import CustomLogger
except ImportError:  # Outside of LiteLLM, such as where this file is tested.
    CustomLogger = object

try:
    from fastapi import HTTPException
except ImportError:

    class HTTPException(Exception):
        """As FastAPI's own, for where there is none."""

        def __init__(self, status_code, detail=None, headers=None):
            super().__init__(detail)
            self.status_code, self.detail, self.headers = status_code, detail, headers


log = logging.getLogger("tokenstream")

LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
WITHOUT_OUTPUT = ("embedding", "moderation", "rerank")
CONTENTS = ("choices", "output", "content", "data")
MOST_REMEMBERED = 100_000
MOST_COMPLETING = 1_000
MOST_IDLE = 64
MOST_ANSWER_BYTES = 1 << 20
TEXT_BYTES = 256
LOG_EVERY_SECONDS = 30
CONTINUE_EVERY_SECONDS = 1.0
COMPLETE_SECONDS = 5.0
COMPLETE_PAUSES = (0.2, 1.0, 5.0)
AWAY_SECONDS = 0.5
TIMEOUTS_BEFORE_AWAY = 5


class AgentAway(Exception):
    """The agent did not answer, or not with a decision."""


class AgentClient:
    """Asks the agent over connections that are kept. Never blocks the event loop."""

    def __init__(self, address, token):
        self._socket = address[len("unix:"):] if address.startswith("unix:") else None
        parts = urlsplit(address if "//" in address else "//" + address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 7070
        name = "localhost" if self._socket else parts.netloc
        self._head = f"Host: {name}\r\nContent-Type: application/json\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
        self._idle = {}
        self._timeouts, self._away_until = 0, 0.0

    async def post(self, path, body, seconds):
        """The status and the answer's JSON, within the deadline, or AgentAway."""
        if time.monotonic() < self._away_until:
            raise AgentAway("it did not answer the requests before")
        data = json.dumps(body, default=str).encode()
        try:
            answer = await asyncio.wait_for(self._exchange(path, data), seconds)
        except asyncio.TimeoutError:
            # Who waits for a process that hangs should not make everybody wait.
            self._timeouts += 1
            if self._timeouts >= TIMEOUTS_BEFORE_AWAY:
                self._timeouts, self._away_until = 0, time.monotonic() + AWAY_SECONDS
            raise AgentAway(f"no answer within {seconds * 1000:.0f} ms") from None
        except (OSError, EOFError, ValueError) as failure:
            raise AgentAway(str(failure) or type(failure).__name__) from failure
        self._timeouts = 0
        return answer

    async def _exchange(self, path, data):
        # A list for each loop: a connection belongs to the loop that it was made in.
        idle = self._idle.setdefault(id(asyncio.get_running_loop()), [])
        while idle:
            reader, writer = idle.pop()
            if writer.is_closing() or reader.at_eof():
                writer.close()
                continue
            try:
                return await self._ask(reader, writer, idle, path, data)
            except (OSError, EOFError):
                # The agent was started anew since; what was asked then reached nobody, or a reservation ends by itself.
                continue
        if self._socket:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        return await self._ask(reader, writer, idle, path, data)

    async def _ask(self, reader, writer, idle, path, data):
        is_kept = False
        try:
            writer.write(f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            await writer.drain()
            line = await reader.readline()
            if not line:
                raise EOFError("the connection was closed")
            status, length, is_closed = int(line.split(b" ", 2)[1]), 0, False
            while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() == b"connection":
                    is_closed = value.strip().lower() == b"close"
            if length > MOST_ANSWER_BYTES:
                raise ValueError("the answer is too large")
            answer = json.loads(await reader.readexactly(length)) if length else {}
            is_kept = not is_closed and len(idle) < MOST_IDLE
            return status, answer
        finally:
            if is_kept:
                idle.append((reader, writer))
            else:
                writer.close()


class Remembered(collections.OrderedDict):
    """What is known of calls by their id; the oldest are forgotten."""

    def remember(self, call, value):
        self[call] = value
        if len(self) > MOST_REMEMBERED:
            self.popitem(last=False)


class TokenStreamHook(CustomLogger):
    """Refuses, reroutes and caps requests as commands say, and reports what they used."""

    def __init__(self, agent=None, token=None, deadline_ms=None, on_away=None, usage=None, tenant=None):
        super().__init__()
        env = os.environ.get
        self._agent = AgentClient(agent or env("TOKENSTREAM_AGENT", "http://127.0.0.1:7070"), token or env("TOKENSTREAM_TOKEN"))
        self._deadline = float(deadline_ms or env("TOKENSTREAM_DEADLINE_MS", "50")) / 1000
        self._is_closed = self._one_of("TOKENSTREAM_ON_AWAY", on_away or env("TOKENSTREAM_ON_AWAY", "open"), "open", "closed") == "closed"
        self._publishes = self._one_of("TOKENSTREAM_USAGE", usage or env("TOKENSTREAM_USAGE", "agent"), "agent", "receiver") == "agent"
        self._tenant = tenant or env("TOKENSTREAM_TENANT", "")
        self._admitted, self._ended = Remembered(), Remembered()
        self._completing, self._told = 0, {}

    # What LiteLLM calls.

    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        call = data.setdefault("litellm_call_id", str(uuid.uuid4()))
        asked = self._describe(user_api_key_dict, data, call_type)
        asked["request_id"] = call
        try:
            status, answer = await self._agent.post("/v1/decide", asked, self._deadline)
            if status != 200 or "decision" not in answer:
                raise AgentAway(f"status {status}: {answer}")
        except AgentAway as away:
            self._say("away", "the agent does not answer (%s): requests are %s", away, "refused" if self._is_closed else "let in undecided")
            if self._is_closed:
                self._ended.remember(call, True)
                error = {"message": "The limits in force cannot be asked for.", "type": "server_error", "code": "tokenstream_agent_away"}
                raise HTTPException(status_code=503, detail={"error": error}, headers={"Retry-After": "1"}) from None
            return data
        if answer["decision"] != "allow":
            # LiteLLM tells its loggers of a refused request, too; it was no use of a model.
            self._ended.remember(call, True)
            raise HTTPException(status_code=answer["status"], detail=answer["body"], headers=answer["headers"])
        self._admitted.remember(call, {"reservation": answer["reservation"], "asked": asked})
        self._change(data, call_type, asked, answer)
        return data

    async def async_post_call_failure_hook(self, request_data, original_exception, user_api_key_dict, traceback_str=None):
        # All tries have failed: what each used, if anything, was told of by itself.
        admitted = self._admitted.pop((request_data or {}).get("litellm_call_id"), None)
        if admitted:
            await self._tell("/v1/abandon", {"reservation": admitted["reservation"]})

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        call = kwargs.get("litellm_call_id")
        if self._ended.pop(call, None):
            return
        admitted = self._admitted.pop(call, None)
        told = self._used(kwargs, response_obj, admitted)
        if told:
            told["publish"] = self._publishes
            await self._tell("/v1/complete", told)

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        # One try; others may follow, so the reservation stays.
        if self._publishes and kwargs.get("litellm_call_id") not in self._ended and kwargs.get("standard_logging_object"):
            await self._tell("/v1/complete", self._used(kwargs, None, None))

    async def async_post_call_streaming_iterator_hook(self, user_api_key_dict, response, request_data):
        call, asked_at, pieces = (request_data or {}).get("litellm_call_id"), time.monotonic(), 0
        async for piece in response:
            pieces += 1
            yield piece
            if time.monotonic() - asked_at >= CONTINUE_EVERY_SECONDS:
                asked_at = time.monotonic()
                if call in self._admitted and await self._is_stopped(call):
                    await self._cut(call, pieces)
                    error = {"message": "The answer was ended: its scope is killed.", "code": "tokenstream_killed"}
                    raise HTTPException(status_code=403, detail={"error": error})

    # How requests are described.

    def _describe(self, key, data, call_type):
        metadata = data.get("metadata") or data.get("litellm_metadata") or {}
        provider, model = self._served_by(data.get("model") or "")
        asked = {
            "tenant": self._get(key, "team_id") or self._attribute(data, metadata, "tenant", "tenant_id") or self._tenant,
            "app": self._attribute(data, metadata, "app"),
            "feature": self._attribute(data, metadata, "feature"),
            "environment": self._attribute(data, metadata, "environment", "env"),
            "user": self._get(key, "user_id") or self._attribute(data, metadata, "user") or data.get("user"),
            "session": self._attribute(data, metadata, "session_id"),
            "provider": provider,
            "model": model,
            "service_tier": data.get("service_tier"),
        }
        asked = {name: cut(value) for name, value in asked.items() if isinstance(value, str) and value}
        asked["input_bytes"] = size(data.get("messages") or data.get("input") or data.get("prompt"))
        limit = next((data[name] for name in LIMITS if is_count(data.get(name))), None)
        if limit:
            asked["max_tokens"] = limit
        if is_count(data.get("n")):
            asked["answers"] = data["n"]
        if any(name in str(call_type) for name in WITHOUT_OUTPUT):
            asked["without_output"] = True
        return asked

    @staticmethod
    def _get(key, name):
        return key.get(name) if isinstance(key, dict) else getattr(key, name, None)

    @staticmethod
    def _attribute(data, metadata, *names):
        """As payloads are attributed: metadata of the key's spend logs, of the request, then tags NAME:VALUE."""
        tags = [tag for tags in (data.get("tags"), metadata.get("tags")) if isinstance(tags, list) for tag in tags if isinstance(tag, str)]
        for name in names:
            for place in (metadata.get("spend_logs_metadata"), metadata.get("requester_metadata"), metadata):
                if isinstance(place, dict) and isinstance(place.get(name), str) and place[name]:
                    return place[name]
            for tag in tags:
                if tag.startswith(name + ":"):
                    return tag[len(name) + 1:]
        return None

    @staticmethod
    def _deployments():
        try:
            from litellm.proxy.proxy_server import llm_router
        except ImportError:
            return []
        return getattr(llm_router, "model_list", None) or []

    def _served_by(self, group):
        """Provider and model behind a name of config.yaml; LiteLLM's own way to write both is provider/model."""
        for deployment in self._deployments():
            if deployment.get("model_name") == group:
                parameters = deployment.get("litellm_params") or {}
                provider, _, model = str(parameters.get("model") or group).rpartition("/")
                return parameters.get("custom_llm_provider") or provider.split("/")[0], model
        provider, _, model = group.rpartition("/")
        return provider.split("/")[0], model

    # What decisions change.

    def _change(self, data, call_type, asked, answer):
        most = answer.get("max_output_tokens")
        if most is not None and not asked.get("without_output"):
            present = [name for name in LIMITS if is_count(data.get(name))]
            for name in present or ["max_output_tokens" if "responses" in str(call_type) else "max_tokens"]:
                data[name] = min(data[name], most) if present else most
        if answer.get("route_model"):
            group = self._group_of(answer.get("route_provider"), answer["route_model"])
            if group:
                data["model"] = group
            else:
                self._say("route", "no model of this proxy is '%s': the command that routes to it is left out", answer["route_model"])

    def _group_of(self, provider, model):
        """The name of config.yaml that serves a model; the model's own where nothing is known of the configuration."""
        deployments = self._deployments()
        for deployment in deployments:
            name = str((deployment.get("litellm_params") or {}).get("model") or "")
            served_by, _, served = name.rpartition("/")
            if served == model and (not provider or served_by.split("/")[0] == provider):
                return deployment.get("model_name")
        if any(deployment.get("model_name") == model for deployment in deployments) or not deployments:
            return model
        return None

    # What was used.

    @staticmethod
    def _used(kwargs, response, admitted):
        told = dict(admitted["asked"], reservation=admitted["reservation"]) if admitted else {}
        for name in ("input_bytes", "max_tokens", "answers", "without_output"):
            told.pop(name, None)
        payload = kwargs.get("standard_logging_object")
        if payload:
            told.update(source="litellm", payload=lean(payload))
            return told
        usage = response.get("usage") if isinstance(response, dict) else getattr(response, "usage", None)
        get = usage.get if isinstance(usage, dict) else lambda name: getattr(usage, name, None)
        if usage is not None and admitted:
            told.update(result="ok", tokens_in=get("prompt_tokens"), tokens_out=get("completion_tokens"))
            return told
        return dict(told, result="ok") if admitted else None

    async def _is_stopped(self, call):
        try:
            status, answer = await self._agent.post("/v1/continue", {"reservation": self._admitted[call]["reservation"]}, self._deadline)
            return status == 200 and answer.get("status") == "stop"
        except AgentAway:
            return False

    async def _cut(self, call, pieces):
        admitted = self._admitted.pop(call)
        self._ended.remember(call, True)
        # Streams send about a token a piece.
        told = dict(self._used({}, None, admitted), result="cancelled", error_type="tokenstream_killed", estimated=True)
        told.update(tokens_in=admitted["asked"].get("input_bytes", 0) // 4, tokens_out=pieces, publish=self._publishes)
        await self._tell("/v1/complete", told)

    async def _tell(self, path, told):
        """Tells the agent, again where it does not answer: an event has one name, so that it counts once."""
        if self._completing >= MOST_COMPLETING:
            self._say("lost", "more than %s requests wait to be told of: what was used is lost", MOST_COMPLETING)
            return
        self._completing += 1
        try:
            for pause in (*COMPLETE_PAUSES, None):
                try:
                    status, answer = await self._agent.post(path, told, COMPLETE_SECONDS)
                    if status == 400 and "payload" in told:
                        # Its counts contradict each other, say: the request is told of without them.
                        self._say("unread", "what LiteLLM told of a request cannot be read: %s", answer)
                        told = dict({name: value for name, value in told.items() if name not in ("payload", "source")}, result="ok")
                        continue
                    if status < 500:
                        if status >= 400 and path == "/v1/complete":
                            self._say("refused", "the agent refused what was told of a request: %s", answer)
                        return
                except AgentAway as away:
                    answer = away
                if pause is None:
                    self._say("lost", "what a request used is lost: %s", answer)
                    return
                await asyncio.sleep(pause)
        finally:
            self._completing -= 1

    def _say(self, kind, text, *values):
        now = time.monotonic()
        if now - self._told.get(kind, -LOG_EVERY_SECONDS) >= LOG_EVERY_SECONDS:
            self._told[kind] = now
            log.warning("tokenstream: " + text, *values)

    @staticmethod
    def _one_of(name, value, *possible):
        if value not in possible:
            raise ValueError(f"{name} is '{value}'; it must be {' or '.join(possible)}")
        return value


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def cut(text):
    """A text as long as an event can carry."""
    return text.encode("utf-8", "replace")[:TEXT_BYTES].decode("utf-8", "ignore")


def size(value):
    """Bytes of text in a prompt; pictures are not counted by their bytes."""
    total, left = 0, [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            total += 0 if one.startswith("data:") else len(one)
        elif isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, (list, tuple)):
            left.extend(one)
    return total


def lean(payload):
    """A payload without prompts and answers: nobody counts by them."""
    kept = {name: value for name, value in payload.items() if name != "messages"}
    response = kept.get("response")
    kept["response"] = {name: value for name, value in response.items() if name not in CONTENTS} if isinstance(response, dict) else None
    return kept


proxy_handler_instance = TokenStreamHook()
