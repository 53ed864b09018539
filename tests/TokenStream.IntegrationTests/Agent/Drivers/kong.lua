-- Runs the functions of integrations/kong/kong.yml as Kong does, with stand-ins of what it documents: lua5.1 kong.lua ACCESS BODY_FILTER LOG AGENT
-- resty.http asks by curl. Prints what the provider would be sent, or what the caller is told, a line for each request.
local cjson = require "cjson.safe"
local files, agent = { access = arg[1], body_filter = arg[2], log = arg[3] }, arg[4]

local function read(name)
  local file = assert(io.open(name))
  local text = file:read("*a")
  file:close()
  return text
end

local function compiled(name) return assert(loadstring(read(files[name]):gsub("http://127.0.0.1:7070", agent), name)) end

package.loaded["resty.http"] = {
  new = function()
    return {
      set_timeout = function() end,
      request_uri = function(_, url, options)
        local name = os.tmpname()
        local file = assert(io.open(name, "w"))
        file:write(options.body)
        file:close()
        local pipe = io.popen(("curl -s -m 60 -w '\\n%%{http_code}' -H 'Content-Type: application/json' --data-binary @%s %s"):format(name, url))
        local answer = pipe:read("*a")
        pipe:close()
        os.remove(name)
        local body, status = answer:match("^(.*)\n(%d+)$")
        if status == "000" or not status then return nil, "connection refused" end
        return { status = tonumber(status), body = body }
      end,
    }
  end,
}

local function ask(tenant, raw, answer, status)
  local sent, told = nil, nil
  ngx = { arg = {}, sleep = function() end, timer = { at = function(_, run) run() end } }
  kong = {
    ctx = { shared = {}, core = {} },
    log = { warn = function(text) print("warn", text) end },
    client = { get_consumer = function() return { username = tenant } end },
    request = {
      get_method = function() return "POST" end,
      get_path = function() return "/v1/chat/completions" end,
      get_header = function() return nil end,
      get_raw_body = function() return raw end,
      get_body = function() return cjson.decode(raw) end,
    },
    response = {
      exit = function(code, body, headers)
        told = { code = code, body = body, headers = headers }
        return nil
      end,
      get_status = function() return status or 200 end,
    },
    service = { request = { set_header = function() end, set_body = function(body) sent = body end } },
  }
  compiled("access")()
  if told then
    print("told", told.code, told.body.error.code, told.headers["x-should-retry"])
    return
  end
  print("sent", sent and sent.model or "-", sent and (sent.max_completion_tokens or sent.max_tokens) or "-")
  for at = 1, #(answer or ""), 10 do
    ngx.arg = { answer:sub(at, at + 9), at + 9 >= #answer }
    compiled("body_filter")()
  end
  compiled("log")()
end

local body = '{"model":"gpt-5","max_tokens":900,"messages":[]}'
local answer = '{"id":"kong-1","object":"chat.completion","model":"gpt-5","choices":[{"index":0,"finish_reason":"stop"}],' ..
  '"usage":{"prompt_tokens":4321,"completion_tokens":7,"total_tokens":4328}}'
local stream = 'data: {"id":"kong-2","object":"chat.completion.chunk","model":"gpt-5","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n' ..
  'data: {"id":"kong-2","object":"chat.completion.chunk","model":"gpt-5","choices":[],' ..
  '"usage":{"prompt_tokens":8765,"completion_tokens":3,"total_tokens":8768}}\n\ndata: [DONE]\n\n'
ask("t-kill", body)
ask("t-trim", body, answer)
ask("t-route", body, stream)
ask("t-free", body, "nothing", 500)
agent = "http://127.0.0.1:1"
ask("t-kill", body)
