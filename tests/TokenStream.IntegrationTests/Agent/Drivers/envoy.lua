-- Runs the last Lua filter of integrations/envoy/envoy.yaml on bodies, with a stand-in of Envoy's handle: lua5.1 envoy.lua FILTER
-- Prints what the provider would be sent, a line for each request.
dofile(arg[1])

local function ask(text, headers)
  local answered = nil
  local body = {
    length = function() return #text end,
    getBytes = function(_, from, count) return text:sub(from + 1, from + count) end,
    setBytes = function(_, bytes)
      text = bytes
      return #bytes
    end,
  }
  envoy_on_request({
    headers = function()
      return {
        get = function(_, name) return headers[name] end,
        replace = function(_, name, value) headers[name] = value end,
      }
    end,
    body = function() return body end,
    respond = function(_, told) answered = told[":status"] end,
  })
  print(answered or text, headers["content-length"] or "-")
end

local nested = '{"tools":[{"model":"inner","max_tokens":1}],"messages":[{"content":"say \\"model\\": \\"x\\" \\\\"}], "model" : "gpt-5","max_tokens":900}'
ask(nested, {})
ask(nested, { ["x-tokenstream-model"] = "gpt-5%20mini%22", ["x-tokenstream-max-tokens"] = "50" })
ask('{"model":"gpt-5"}', { ["x-tokenstream-max-tokens"] = "50" })
ask(' {"model":"gpt-5","max_output_tokens":20}', { ["x-tokenstream-max-tokens"] = "50", [":path"] = "/v1/responses" })
ask('{"model":"gpt-5"}', { ["x-tokenstream-max-tokens"] = "50", [":path"] = "/v1/responses" })
ask('{"mod\\u0065l":"gpt-5"}', { ["x-tokenstream-model"] = "gpt-5-mini" })
