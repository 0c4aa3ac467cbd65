-- Shows the lottery's protocol in Wireshark and tshark. Fields, messages and
-- statuses have the names that PROTOCOL.md gives them; a test compares them.
--
--   tshark -i any -f 'tcp port 12345' -X lua_script:protocol/loteria.lua -Y loteria
--
-- With -O loteria it shows every field. For another port add -d
-- tcp.port==PORT,loteria. Wireshark itself loads the file from its folder of personal
-- Lua plugins.

local loteria = Proto("loteria", "Lotería Nacional")

local port = 12345
local version = 1
local length_size = 4
local max_length = 8000 - length_size

local messages = {
  [0x01] = "HELLO",
  [0x02] = "BATCH",
  [0x03] = "BET",
  [0x04] = "FINISHED",
  [0x05] = "QUERY",
  [0x81] = "WELCOME",
  [0x82] = "ACK",
  [0x83] = "REGISTERED",
  [0x84] = "WINNERS",
  [0x8f] = "ERROR",
}

local statuses = {
  [0x01] = "storage failed",
  [0x02] = "server stopping",
  [0x03] = "server busy",
  [0x40] = "invalid bet",
  [0x41] = "data mismatch",
  [0x42] = "superseded",
  [0x43] = "agency not expected",
  [0x44] = "agency closed",
  [0x45] = "protocol violation",
  [0x46] = "unsupported version",
  [0x47] = "unauthorized",
  [0x48] = "limit exceeded",
}
local first_final = 0x40

-- The fields of each message's payload, and of a bet record.
local layouts = {
  HELLO = { "version", "agency" },
  BATCH = { "offset", "count", "bets" },
  BET = { "offset", "bet" },
  FINISHED = { "total" },
  QUERY = {},
  WELCOME = { "stored", "sum", "flags" },
  ACK = { "stored" },
  REGISTERED = {},
  WINNERS = { "more", "count", "documents" },
  ERROR = { "status", "offset", "count", "text" },
}
local record = {
  "first name",
  "last name",
  "document",
  "year of birth",
  "month of birth",
  "day of birth",
  "number",
}

-- All fields by name, and the sizes of those that are numbers.

local number_sizes = { uint8 = 1, uint16 = 2, uint32 = 4, uint64 = 8, int64 = 8 }
local fields, sizes = {}, {}

local function define(kind, name, ...)
  fields[name] = ProtoField[kind]("loteria." .. name:gsub(" ", "_"), name, ...)
  sizes[name] = number_sizes[kind]
  table.insert(loteria.fields, fields[name])
end

define("uint32", "length")
define("uint8", "type", base.HEX, messages)
define("bytes", "payload")
define("uint8", "version")
define("uint32", "agency")
define("uint64", "offset")
define("uint16", "count")
define("none", "bets")
define("none", "bet")
define("string", "first name")
define("string", "last name")
define("string", "document")
define("uint16", "year of birth")
define("uint8", "month of birth")
define("uint8", "day of birth")
define("int64", "number")
define("uint64", "total")
define("uint64", "stored")
define("uint32", "sum", base.HEX)
define("uint8", "flags", base.HEX)
define("bool", "finished", 8, nil, 0x01)
define("bool", "drawn", 8, nil, 0x02)
define("uint8", "more")
define("string", "documents")
define("uint8", "status", base.HEX, statuses)
define("string", "then")
define("string", "text")
define("string", "echo")

local malformed = ProtoExpert.new("loteria.malformed", "malformed", expert.group.MALFORMED, expert.severity.ERROR)
loteria.experts = { malformed }

-- The functions below read the fields of a frame: a table with its bytes (tvb),
-- how many of them were read (at), its message and its tree, and what the column
-- Info says of it (summary).

-- refuse ends the reading of a frame that breaks the protocol.
local function refuse(why, ...)
  error({ malformed = why:format(...) })
end

-- take returns the next bytes of a frame.
local function take(frame, size, name)
  local left = frame.tvb:len() - frame.at
  if size > left then
    refuse("%s: %d bytes are missing", name, size - left)
  end
  frame.at = frame.at + size
  return frame.tvb(frame.at - size, size)
end

-- What follows from the value of a number. It may return how Info shows it.
local consequences = {}

function consequences.version(frame, _, value)
  if value:uint() ~= version then -- what follows may have any form
    frame.tree:add(fields["payload"], take(frame, frame.tvb:len() - frame.at, "payload"))
    frame.done = true
  end
end

function consequences.count(frame, _, value)
  frame.count = value:uint()
  if frame.count == 0 and frame.message == "BATCH" then
    refuse("a batch of no bets")
  end
end

function consequences.flags(_, item, value)
  item:add(fields["finished"], value)
  item:add(fields["drawn"], value)
  if value:uint() > 3 then
    refuse("unknown flags")
  end
end

function consequences.more(_, _, value)
  if value:uint() > 1 then
    refuse("more is neither 0 nor 1")
  end
end

function consequences.status(_, item, value)
  local status = value:uint()
  item:add(fields["then"], value, status < first_final and "retry" or "final"):set_generated()
  return statuses[status]
end

local function read_number(frame, tree, name)
  local value = take(frame, sizes[name], name)
  local item = tree:add(fields[name], value)
  local shown = consequences[name] and consequences[name](frame, item, value)
  if tree == frame.tree then
    table.insert(frame.summary, shown or name .. "=" .. tostring(value:uint64()))
  end
end

local function read_string(frame, tree, name)
  local size = take(frame, 1, name):uint()
  tree:add_packet_field(fields[name], take(frame, size, name), ENC_UTF_8)
end

-- How to read a field that is neither a number nor a string.
local read = {}

local function read_fields(frame, tree, names)
  for _, name in ipairs(names) do
    if not frame.done then
      local how = read[name] or sizes[name] and read_number or read_string
      how(frame, tree, name)
    end
  end
end

function read.bet(frame, tree)
  local start = frame.at
  local bet = tree:add(fields["bet"], frame.tvb(start))
  read_fields(frame, bet, record)
  bet:set_len(frame.at - start)
end

function read.bets(frame, tree)
  local bets = tree:add(fields["bets"], frame.tvb(frame.at))
  for _ = 1, frame.count do
    read.bet(frame, bets)
  end
end

function read.documents(frame, tree)
  for _ = 1, frame.count do
    read_string(frame, tree, "documents")
  end
end

local function valid(length)
  return length >= 1 and length <= max_length
end

local function read_frame(frame)
  local length = take(frame, length_size, "length")
  frame.tree:add(fields["length"], length)
  if not valid(length:uint()) then
    refuse("length is not 1 to %d", max_length)
  end
  local kind = take(frame, 1, "type")
  frame.tree:add(fields["type"], kind)
  frame.message = messages[kind:uint()]
  if not frame.message then
    refuse("no message has type 0x%02x", kind:uint())
  end
  table.insert(frame.summary, frame.message)
  read_fields(frame, frame.tree, layouts[frame.message])
  local left = frame.tvb:len() - frame.at
  if left > 0 then
    refuse("%d bytes too many", left)
  end
end

-- read_lost reads what follows a frame with an invalid length.
local function read_lost()
  refuse("no frame can be found after an invalid length")
end

-- read_echo reads a part of the line of an echo.
local function read_echo(frame)
  local text = frame.tvb()
  frame.tree:add_packet_field(fields["echo"], text, ENC_UTF_8)
  table.insert(frame.summary, "echo " .. text:string(ENC_UTF_8):gsub("%c", " "))
end

-- tell shows text in the column Info, after that of the packet's other frames.
local function tell(pinfo, text)
  local info = pinfo.cols.info
  if pinfo.private["loteria"] then
    text = ", " .. text
  end
  pinfo.private["loteria"] = "told"
  info:clear()
  info:append(text)
  info:fence() -- against the next clear
  pinfo.cols.protocol = "LOTERIA"
end

-- show adds a subtree for some bytes, as a function reads them.
local function show(tvb, pinfo, tree, how)
  local frame = { tvb = tvb, at = 0, tree = tree:add(loteria, tvb()), summary = {} }
  local ok, problem = pcall(how, frame)
  if not ok and type(problem) ~= "table" then
    error(problem) -- a mistake in this file
  end
  if not ok then
    frame.tree:add_proto_expert_info(malformed, "malformed: " .. problem.malformed)
    table.insert(frame.summary, "[malformed: " .. problem.malformed .. "]")
  end
  local summary = table.concat(frame.summary, " ")
  frame.tree:append_text(", " .. summary)
  tell(pinfo, summary)
end

-- The two directions of each connection: whether the first byte makes it an echo,
-- and which packet held an invalid length (lost).
local tcp_stream = Field.new("tcp.stream")
local directions

function loteria.init()
  directions = {}
end

local function direction(tvb, pinfo)
  local key = tostring(tcp_stream()) .. " from " .. pinfo.src_port
  directions[key] = directions[key] or { echo = tvb(0, 1):uint() ~= 0 }
  return directions[key]
end

-- await asks TCP for more bytes of the frame that starts at an offset.
local function await(pinfo, at, missing)
  pinfo.desegment_offset = at
  pinfo.desegment_len = missing
end

-- TCP calls this with the bytes of a segment, and with those of several after
-- await.
function loteria.dissector(tvb, pinfo, tree)
  local from = direction(tvb, pinfo)
  if from.echo then
    return show(tvb, pinfo, tree, read_echo)
  end
  if from.lost and from.lost < pinfo.number then
    return show(tvb, pinfo, tree, read_lost)
  end
  local at, left = 0, tvb:len()
  while left > 0 do
    if left < length_size then
      return await(pinfo, at, DESEGMENT_ONE_MORE_SEGMENT)
    end
    local size = length_size + tvb(at, length_size):uint()
    if not valid(size - length_size) then
      from.lost = from.lost or pinfo.number
      size = left
    end
    if size > left then
      return await(pinfo, at, size - left)
    end
    show(tvb(at, size):tvb(), pinfo, tree, read_frame)
    at, left = at + size, left - size
  end
end

DissectorTable.get("tcp.port"):add(port, loteria)
