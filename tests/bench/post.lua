-- For wrk: posts sealed reports of the form of the one in the file that is named, each under a random id.
-- What follows the front is one of so many runs of random bytes: what is written twice over is easy to write.
dofile("figures.lua")

local FRONT, BODIES = 2048, 64
local head, bodies, source, block, place

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local sealed = file:read("*a")
  file:close()
  source = assert(io.open("/dev/urandom", "rb"))
  bodies = {}
  for number = 1, BODIES do
    bodies[number] = sealed:sub(1, FRONT) .. source:read(#sealed - FRONT)
  end
  block, place = "", 1
  head = string.format(
    "POST /sealed HTTP/1.1\r\nHost: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n",
    wrk.host, 16 + #sealed)
end

function request()
  if place > #block then
    block, place = source:read(16384), 1
  end
  place = place + 16
  return head .. block:sub(place - 16, place - 1) .. bodies[math.random(BODIES)]
end
