-- A wrk script that only hands out requests: all of them are written out before the load begins.
-- Arguments: the folder with `heads` and `targets`, the method, the Host header, then name=value:
--   rate=N   offer N requests a second over all connections together, instead of full speed
--   once=1   stop when every target was asked for
-- Prints one line of JSON at the end.
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int id, moment *at);")
local moment = ffi.new("moment")

local function now_us()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1e6 + tonumber(moment.ns) / 1e3
end

local threads = {}
local requests, size, at, once = {}, 0, 0, false
asked, began_us, ended_us = 0, 0, 0 -- global, so that done() can read them

local function whole(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- With a rate: every request has its moment, and waits for it. wrk's timer counts whole
-- milliseconds, so requests come up to one too early; those that are late are made up for.
local function pace(rate)
  local next_us = now_us()
  function delay()
    local wait_us = next_us - now_us()
    next_us = next_us + 1e6 / rate
    return wait_us > 0 and math.floor(wait_us / 1e3) or 0
  end
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  local folder, method, host = args[1], args[2], args[3]
  local heads = {}
  for head in whole(folder .. "/heads"):gmatch("[^\1]+") do
    local first, rest = head:match("^(.-)\n(.*)$")
    heads[#heads + 1] = " " .. first .. "\r\nHost: " .. host .. "\r\n" .. rest
  end
  for line in io.lines(folder .. "/targets") do
    local head, before, after = line:match("^(%d+) (%S+) ?(.*)$")
    local text = heads[tonumber(head)]
    if after ~= "" then text = text:gsub("%%", after) end
    size = size + 1
    requests[size] = method .. " /" .. before .. text
  end
  for i = 4, #args do
    local name, value = args[i]:match("^(%a+)=(%d+)$")
    if name == "rate" then pace(tonumber(value)) end
    if name == "once" then once = true end
  end
end

function request()
  if asked == 1 then began_us = now_us() end -- the first is wrk's own try, before the load
  asked = asked + 1
  at = at + 1
  if at > size then
    if once then
      if ended_us == 0 then ended_us = now_us() end
      wrk.thread:stop()
    end
    at = 1
  end
  return requests[at]
end

function done(summary, latency, _)
  local asked_for, seconds = 0, summary.duration / 1e6
  for _, thread in ipairs(threads) do
    asked_for = asked_for + thread:get("asked")
    local from, to = thread:get("began_us"), thread:get("ended_us")
    if to > 0 then seconds = (to - from) / 1e6 end
  end
  local errors = summary.errors
  io.write(string.format(
    '{"answered": %d, "asked": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, ' ..
    '"max_ms": %.3f, ' ..
    '"refused": %d, "broken": %d, "late": %d}\n',
    summary.requests, asked_for, seconds,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
