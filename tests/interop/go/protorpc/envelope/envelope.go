// Package envelope is net/rpc in the envelope of github.com/chai2010/protorpc v1.1.4, written from docs/wire/protobuf.md
// with Go's own protobuf, snappy and CRC-32, so that these judge ours. Where that package and this one are told to
// send alike, their bytes are the same.
package envelope

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/rpc"
	"sync"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// What is sent; either way is read.
var (
	UseSnappy   = true
	UseChecksum = true
)

const (
	maxRequestHeader = 1024
	maxFrame         = 256 << 20
)

// header is both kinds: text is the method or the error.
type header struct {
	id       uint64
	text     string
	raw      uint32
	packed   uint32
	checksum uint32
}

func (h *header) marshal() []byte {
	var out []byte
	number := func(field protowire.Number, value uint64) {
		if value != 0 {
			out = protowire.AppendVarint(protowire.AppendTag(out, field, protowire.VarintType), value)
		}
	}
	number(1, h.id)
	if h.text != "" {
		out = protowire.AppendString(protowire.AppendTag(out, 2, protowire.BytesType), h.text)
	}
	number(3, uint64(h.raw))
	number(4, uint64(h.packed))
	number(5, uint64(h.checksum))
	return out
}

// unmarshal skips what it does not know, as generated code does.
func (h *header) unmarshal(in []byte) error {
	*h = header{}
	for len(in) > 0 {
		field, kind, n := protowire.ConsumeTag(in)
		if n < 0 {
			return protowire.ParseError(n)
		}
		in = in[n:]
		if kind == protowire.VarintType && field <= 5 && field != 2 {
			value, n := protowire.ConsumeVarint(in)
			if n < 0 {
				return protowire.ParseError(n)
			}
			switch in = in[n:]; field {
			case 1:
				h.id = value
			case 3:
				h.raw = uint32(value)
			case 4:
				h.packed = uint32(value)
			case 5:
				h.checksum = uint32(value)
			}
			continue
		}
		n = protowire.ConsumeFieldValue(field, kind, in)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if field == 2 && kind == protowire.BytesType {
			text, _ := protowire.ConsumeString(in)
			h.text = text
		}
		in = in[n:]
	}
	return nil
}

type connection struct {
	io.Closer
	in     *bufio.Reader
	out    io.Writer
	header header
}

func newConnection(c io.ReadWriteCloser) connection {
	return connection{Closer: c, in: bufio.NewReader(c), out: c}
}

func (c *connection) readFrame(limit uint64) ([]byte, error) {
	size, err := binary.ReadUvarint(c.in)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("envelope: a frame of %d bytes", size)
	}
	frame := make([]byte, size)
	_, err = io.ReadFull(c.in, frame)
	return frame, err
}

func (c *connection) readHeader(limit uint64) error {
	frame, err := c.readFrame(limit)
	if err != nil {
		return err
	}
	return c.header.unmarshal(frame)
}

// readBody takes the frame in any case, and throws it away if into is nil.
func (c *connection) readBody(into any) error {
	frame, err := c.readFrame(maxFrame)
	if err != nil || into == nil {
		return err
	}
	longest := max(c.header.raw, c.header.packed)
	if longest > 0 && len(frame) > int(longest) {
		return fmt.Errorf("envelope: a body of %d bytes, not of %d", len(frame), longest)
	}
	if c.header.checksum != 0 && c.header.checksum != crc32.ChecksumIEEE(frame) {
		return errors.New("envelope: unexpected checksum")
	}
	if c.header.packed != 0 {
		if frame, err = snappy.Decode(nil, frame); err != nil {
			return err
		}
		if len(frame) != int(c.header.raw) {
			return fmt.Errorf("envelope: a message of %d bytes, not of %d", len(frame), c.header.raw)
		}
	}
	message, ok := into.(proto.Message)
	if !ok {
		return fmt.Errorf("envelope: %T is no message", into)
	}
	return proto.Unmarshal(frame, message)
}

func (c *connection) write(id uint64, text string, body any, limit int) error {
	var frame []byte
	if message, ok := body.(proto.Message); ok {
		var err error
		if frame, err = proto.Marshal(message); err != nil {
			return err
		}
	}
	h := header{id: id, text: text, raw: uint32(len(frame))}
	if UseSnappy {
		frame = snappy.Encode(nil, frame)
		h.packed = uint32(len(frame))
	}
	if UseChecksum {
		h.checksum = crc32.ChecksumIEEE(frame)
	}
	head := h.marshal()
	if len(head) > limit {
		return fmt.Errorf("envelope: a header of %d bytes", len(head))
	}
	out := binary.AppendUvarint(nil, uint64(len(head)))
	out = append(out, head...)
	out = binary.AppendUvarint(out, uint64(len(frame)))
	_, err := c.out.Write(append(out, frame...))
	return err
}

type clientCodec struct {
	connection
	mutex   sync.Mutex
	methods map[uint64]string // guarded by mutex
}

// NewClientCodec is for rpc.NewClientWithCodec.
func NewClientCodec(c io.ReadWriteCloser) rpc.ClientCodec {
	return &clientCodec{connection: newConnection(c), methods: map[uint64]string{}}
}

func (c *clientCodec) WriteRequest(request *rpc.Request, body any) error {
	c.mutex.Lock()
	c.methods[request.Seq] = request.ServiceMethod
	c.mutex.Unlock()
	return c.write(request.Seq, request.ServiceMethod, body, maxRequestHeader)
}

func (c *clientCodec) ReadResponseHeader(response *rpc.Response) error {
	if err := c.readHeader(maxFrame); err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	response.Seq, response.Error = c.header.id, c.header.text
	response.ServiceMethod = c.methods[response.Seq]
	delete(c.methods, response.Seq)
	return nil
}

func (c *clientCodec) ReadResponseBody(into any) error { return c.readBody(into) }

type serverCodec struct {
	connection
	mutex sync.Mutex
	last  uint64
	ids   map[uint64]uint64 // the client's, by net/rpc's; guarded by mutex
}

// NewServerCodec is for rpc.Server.ServeCodec.
func NewServerCodec(c io.ReadWriteCloser) rpc.ServerCodec {
	return &serverCodec{connection: newConnection(c), ids: map[uint64]uint64{}}
}

func (c *serverCodec) ReadRequestHeader(request *rpc.Request) error {
	if err := c.readHeader(maxRequestHeader); err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.last++
	c.ids[c.last] = c.header.id
	request.Seq, request.ServiceMethod = c.last, c.header.text
	return nil
}

func (c *serverCodec) ReadRequestBody(into any) error { return c.readBody(into) }

func (c *serverCodec) WriteResponse(response *rpc.Response, body any) error {
	c.mutex.Lock()
	id := c.ids[response.Seq]
	delete(c.ids, response.Seq)
	c.mutex.Unlock()
	if response.Error != "" {
		body = nil
	}
	return c.write(id, response.Error, body, maxFrame)
}
