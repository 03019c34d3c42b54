-- For wrk: posts the form without script that is in the file named, as a program does.
dofile("figures.lua")

local whole

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local body = file:read("*a")
  file:close()
  whole = string.format(
    "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
    wrk.path, wrk.host, arguments[2], #body) .. body
end

function request()
  return whole
end
