#!/usr/bin/env python3
"""A scripted agent for the tests, where no real one can be had.

It speaks the Agent Client Protocol as its specification and Cursor's documentation describe it, and
Cursor's `stream-json`. What it does is decided by the prompt, much as with the scripted model: see
`Turn.play`. Its memory is a folder, $PEER_HOME. $PEER_TRAITS names what is odd about it:

  mute        it speaks no ACP                     cursor   it logs in, and asks, as Cursor does
  loads       it can reopen a conversation         coco     its modes and models are in older words
  logged-out  nobody is logged in                  odd      its options are no plain yes and no
  deaf        it does not stop when told to        hangs    it answers nothing while it works
  stumbles    it is killed as it is first started
  keeps       it opens a conversation in the mode that was set last
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time

HOME = pathlib.Path(os.environ["PEER_HOME"])
TRAITS = os.environ.get("PEER_TRAITS", "").split()
OPTIONS = [
    {"optionId": "o-once", "name": "Allow once", "kind": "allow_once"},
    {"optionId": "o-always", "name": "Allow for this session", "kind": "allow_always"},
    {"optionId": "o-no", "name": "Reject", "kind": "reject_once"},
]
ODD = [
    {"optionId": "o-always", "name": "Always this command", "kind": "allow_always"},
    {"optionId": "o-all", "name": "Always all commands", "kind": "allow_always"},
    {"optionId": "o-no", "name": "Reject", "kind": "reject_once"},
]
MODES = ["agent", "plan", "ask"] if "cursor" in TRAITS else ["default", "bypass_permissions", "plan"]


def remember(name, entry):
    with open(HOME / name, "a") as file:
        file.write(json.dumps(entry) + "\n")


def recall(name):
    path = HOME / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Stopped(Exception):
    pass


class Turn:
    """Plays one prompt. `say` takes text, `run` does a command as far as it may, `stopped` tells."""

    def __init__(self, session, prompt):
        self.session, self.prompt, self.cancelled = session, prompt, threading.Event()
        remember("prompts", {"session": session, "text": prompt})

    def play(self):
        word, _, rest = self.prompt.partition(": ")
        if word == "slow":
            for piece in range(int(rest)):
                while piece and not (HOME / "go").exists():
                    self.pause()
                self.say(f"piece {piece} ")
        elif word == "hang":
            while True:
                self.pause()
        elif word == "long":
            line = "A line of many, to be told whole.\n"
            for _ in range(int(rest) // (100 * len(line)) + 1):
                self.say(line * 100)
        elif word == "escalate":
            self.say(f"Tools said: {self.run(rest)}")
        elif word == "question":
            self.say(f"You said {self.question(rest)}")
        elif word == "fail":
            raise RuntimeError(f"scripted failure {rest}")
        elif word == "die":
            os._exit(3)
        else:
            self.say(f"Model answer to: {self.prompt[:10]}")
            self.say(self.prompt[10:])

    def pause(self):
        if self.cancelled.wait(0.01) and "deaf" not in TRAITS:
            raise Stopped

    def execute(self, command):
        child = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, text=True)
        while child.poll() is None:
            try:
                self.pause()
            except Stopped:
                subprocess.run(["pkill", "-P", str(child.pid)])
                child.kill()
                raise
        return child.stdout.read()


class AcpTurn(Turn):
    def __init__(self, agent, session, prompt):
        super().__init__(session, prompt)
        self.agent, self.message = agent, f"m{len(recall('prompts'))}"

    def update(self, what, **fields):
        update = {"sessionUpdate": what, **fields}
        self.agent.send(method="session/update", params={"sessionId": self.session, "update": update})

    def say(self, text):
        content = {"type": "text", "text": text}
        self.update("agent_message_chunk", messageId=self.message, content=content)

    def run(self, command):
        call = {"toolCallId": f"call-{self.message}", "title": "shell", "kind": "execute"}
        self.update("tool_call", status="pending", rawInput={}, **call)
        allowed = {"session": self.session, "command": command}
        if allowed not in recall("allowed"):
            raw = {"command": command, "description": "The script wants it."}
            options = ODD if "odd" in TRAITS else OPTIONS
            params = {"sessionId": self.session, "toolCall": {**call, "rawInput": raw}, "options": options}
            outcome = self.ask("session/request_permission", params)["outcome"]
            if outcome["outcome"] == "cancelled" or outcome["optionId"] == "o-no":
                self.update("tool_call_update", status="failed", **call)
                return "not allowed"
            if outcome["optionId"] == "o-always":
                remember("allowed", allowed)
        self.update("tool_call_update", status="in_progress", rawInput={"command": command}, **call)
        output = self.execute(command)
        self.update("tool_call_update", status="completed", rawOutput={"exitCode": 0}, **call)
        return output

    def question(self, text):
        options = [{"id": "r", "label": "Red"}, {"id": "b", "label": "Blue"}]
        questions = [{"id": "q1", "prompt": text, "options": options}]
        answer = self.ask("cursor/ask_question", {"toolCallId": "q", "questions": questions})
        return json.dumps(answer)

    def ask(self, method, params):
        answered = self.agent.ask(method, params)
        while not answered.wait(0.01):
            if self.cancelled.is_set() and "deaf" not in TRAITS:
                raise Stopped
        return answered.result


class Agent:
    """Serves ACP on the standard streams."""

    def __init__(self):
        self.lock, self.asked, self.turns, self.open = threading.Lock(), {}, {}, set()

    def send(self, **message):
        with self.lock:
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            sys.stdout.flush()

    def ask(self, method, params):
        answered = threading.Event()
        number = f"ask-{len(self.asked)}"
        self.asked[number] = answered
        self.send(id=number, method=method, params=params)
        return answered

    def serve(self):
        for line in sys.stdin:
            message = json.loads(line)
            if "method" not in message:
                answered = self.asked[message["id"]]
                answered.result = message.get("result", {"outcome": {"outcome": "cancelled"}})
                answered.set()
            elif message["method"] == "session/cancel":
                turn = self.turns.get(message["params"]["sessionId"])
                if turn:
                    turn.cancelled.set()
            elif not ("hangs" in TRAITS and self.turns):
                self.answer(message["id"], message["method"], message.get("params", {}))

    def answer(self, number, method, params):
        try:
            handler = getattr(self, "on_" + method.replace("/", "_"), None)
            if handler is None:
                raise LookupError(-32601, f"Method not found: {method}")
            result = handler(number, params)
        except LookupError as error:
            code, text = error.args
            return self.send(id=number, error={"code": code, "message": text})
        if result is not None:
            self.send(id=number, result=result)

    def on_initialize(self, _number, _params):
        login = "cursor_login" if "cursor" in TRAITS else "browser"
        return {
            "protocolVersion": 1,
            "agentCapabilities": {"loadSession": "loads" in TRAITS},
            "authMethods": [{"id": login, "name": "Log in", "description": "opens a browser"}],
            "agentInfo": {"name": "peer", "version": "1.0.0"},
        }

    def on_authenticate(self, _number, _params):
        self.check_login()
        return {}

    def check_login(self):
        if "logged-out" in TRAITS:
            raise LookupError(-32000, "Authentication required")

    def on_session_new(self, _number, _params):
        self.check_login()
        session = f"session-{os.getpid()}-{len(self.open)}"
        remember("sessions", session)
        return self.opened(session, {"sessionId": session})

    def on_session_load(self, _number, params):
        session = params["sessionId"]
        if session not in recall("sessions"):
            raise LookupError(-32002, f"No session {session}")
        # All that was said is told again first.
        for prompt in recall("prompts"):
            content = {"type": "text", "text": prompt["text"]}
            update = {"sessionUpdate": "user_message_chunk", "content": content}
            self.send(method="session/update", params={"sessionId": session, "update": update})
        return self.opened(session, {})

    def opened(self, session, answer):
        self.open.add(session)
        modes = [{"id": mode, "name": mode.title()} for mode in MODES]
        now = [entry["mode"] for entry in recall("set") if "mode" in entry and "keeps" in TRAITS]
        answer["modes"] = {"currentModeId": [MODES[0], *now][-1], "availableModes": modes}
        models = [{"modelId": model, "name": model.title()} for model in ("auto", "fast")]
        answer["models"] = {"currentModelId": "auto", "availableModels": models}
        return answer

    def on_session_set_mode(self, _number, params):
        remember("set", {"mode": params["modeId"]})
        return {}

    def on_session_set_model(self, _number, params):
        remember("set", {"model": params["modelId"]})
        return {}

    def on_session_prompt(self, number, params):
        session = params["sessionId"]
        turn = AcpTurn(self, session, "".join(part["text"] for part in params["prompt"]))
        self.turns[session] = turn
        threading.Thread(target=self.play, args=(number, turn), daemon=True).start()

    def play(self, number, turn):
        try:
            turn.play()
            outcome = {"result": {"stopReason": "end_turn"}}
        except Stopped:
            outcome = {"result": {"stopReason": "cancelled"}}
        except RuntimeError as error:
            outcome = {"error": {"code": -32603, "message": "Internal error", "data": {"details": str(error)}}}
        del self.turns[turn.session]
        self.send(id=number, **outcome)


class StreamTurn(Turn):
    """Plays one prompt as Cursor's `stream-json`, where nobody can be asked."""

    def __init__(self, session, prompt):
        super().__init__(session, prompt)
        self.so_far = ""

    def send(self, **event):
        print(json.dumps({**event, "session_id": self.session}), flush=True)

    def say(self, text, **more):
        self.so_far += text if more.pop("piece", True) else ""
        content = [{"type": "text", "text": text}]
        self.send(type="assistant", message={"role": "assistant", "content": content}, timestamp_ms=int(time.time() * 1000), **more)

    def run(self, command):
        self.say(self.so_far, piece=False, model_call_id="c1")
        call = {"shellToolCall": {"args": {"command": command}}}
        self.send(type="tool_call", subtype="started", call_id="t1", tool_call=call)
        call["shellToolCall"]["result"] = {"rejected": {"reason": "not in the allowlist"}}
        self.send(type="tool_call", subtype="completed", call_id="t1", tool_call=call)
        return "not allowed"

    def finish(self):
        content = [{"type": "text", "text": self.so_far}]
        self.send(type="assistant", message={"role": "assistant", "content": content})
        self.send(type="result", subtype="success", is_error=False, duration_ms=1, result=self.so_far)


def stream(arguments):
    if "logged-out" in TRAITS:
        sys.exit("Error: Authentication required. Please run 'agent login' first")
    options = arguments[: arguments.index("--")]
    prompt = arguments[len(options) + 1]
    turn = StreamTurn(options[options.index("--resume") + 1], prompt)
    turn.send(type="system", subtype="init", cwd=os.getcwd(), model="Auto", permissionMode="default")
    try:
        turn.play()
    except RuntimeError as error:
        sys.exit(f"Error: {error}")
    turn.finish()


def main():
    HOME.mkdir(parents=True, exist_ok=True)
    arguments = sys.argv[1:]
    remember("started", arguments)
    if "stumbles" in TRAITS and len(recall("started")) == 1:
        os.kill(os.getpid(), 9)
    if "acp" in arguments and "mute" not in TRAITS:
        Agent().serve()
    elif arguments == ["create-chat"]:
        if "logged-out" in TRAITS:
            sys.exit("Error: Authentication required. Please run 'agent login' first")
        print(f"chat-{os.getpid()}")
    elif "-p" in arguments:
        stream(arguments)
    else:
        sys.exit(f"error: unknown command '{' '.join(arguments)}'")


main()
