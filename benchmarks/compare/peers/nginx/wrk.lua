-- For client.py: method, calls in flight on a connection, bytes of payload, the descriptor for the line of JSON (0: none).
local requests
local threads = {}

function init(args)
  local method, in_flight, payload = args[1], tonumber(args[2]), tonumber(args[3])
  local one
  if method == "GET" then
    one = wrk.format("GET")
  else
    local text = string.rep("QUJD", math.floor(payload / 3)) .. ({ [0] = "", "QQ==", "QUI=" })[payload % 3]
    local body = '{"jsonrpc":"2.0","method":"Echo.Echo","params":[{"A":1,"B":2,"S":"' .. text .. '"}],"id":7}\n'
    one = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body)
  end
  requests = string.rep(one, in_flight)
  output = tonumber(args[4])
end

function request()
  return requests
end

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency, _)
  local output = threads[1]:get("output")  -- init ran in the thread's state, this does not
  if output == 0 then return end
  local seconds = summary.duration * 1e-6
  local errors = summary.errors
  if errors.connect + errors.read + errors.write + errors.status + errors.timeout > 0 then
    io.stderr:write(string.format("wrk: %d calls failed\n",
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
    os.exit(1)
  end
  local file = io.open("/proc/self/fd/" .. output, "a")
  file:write(string.format(
    '{"calls":%d,"seconds":%.4f,"calls_per_second":%.1f,"mean_us":%.2f,"p50_us":%.2f,"p99_us":%.2f,"p999_us":%.2f,' ..
    '"max_us":%.2f,"client_cpu_us_per_call":%.4f,"client_cpu_share":%.3f}\n',
    summary.requests, seconds, summary.requests / seconds, latency.mean, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), latency.max, os.clock() * 1e6 / summary.requests, os.clock() / seconds))
  file:close()
end
