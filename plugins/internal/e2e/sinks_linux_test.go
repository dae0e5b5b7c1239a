package e2e

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// sink is what a receiver of this test got: the last value by name.
type sink struct {
	mu     sync.Mutex
	values map[string]string
}

func (s *sink) put(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[name] = value
}

// all returns a copy of what there is.
func (s *sink) all() (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values), nil
}

// listen serves connections with a protocol until the test ends.
func listen(t *testing.T, address string, serve func(*sink, net.Conn) error) *sink {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{values: map[string]string{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close() //nolint:errcheck // nothing is lost
				if err := serve(s, conn); err != nil {
					t.Errorf("%s: %v", address, err)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close() //nolint:errcheck,gosec // nothing is lost
		serving.Wait()
	})
	return s
}

// graphite reads lines of path, value and time.
func graphite(s *sink, conn net.Conn) error {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 {
			return fmt.Errorf("line %q", lines.Text())
		}
		s.put(fields[0], fields[1])
	}
	return lines.Err()
}

// zabbix reads a request of the protocol of zabbix_sender(1), and answers it.
func zabbix(s *sink, conn net.Conn) error {
	var header [13]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return err
	}
	body := make([]byte, binary.LittleEndian.Uint32(header[5:]))
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	var request struct {
		Request string
		Data    []struct{ Host, Key, Value string }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return fmt.Errorf("%q: %w", body, err)
	}
	for _, d := range request.Data {
		s.put(d.Key, d.Value)
	}
	answer := fmt.Appendf(nil, `{"response":"success","info":"processed: %d; failed: 0; total: %[1]d; seconds spent: 0.0"}`, len(request.Data))
	out := binary.LittleEndian.AppendUint64([]byte("ZBXD\x01"), uint64(len(answer)))
	_, err := conn.Write(append(out, answer...))
	return err
}

// mqtt is a broker of MQTT 3.1.1 to which clients publish at QoS 0. It keeps each
// message by its topic and its tags.
func mqtt(s *sink, conn net.Conn) error {
	in := bufio.NewReader(conn)
	for {
		kind, err := in.ReadByte()
		if err != nil {
			return nil //nolint:nilerr // the client has ended
		}
		size, err := binary.ReadUvarint(in) // the same digits
		if err != nil {
			return err
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		var answer []byte
		switch kind >> 4 {
		case 1: // CONNECT
			answer = []byte{0x20, 2, 0, 0}
		case 3: // PUBLISH
			n := 2 + int(binary.BigEndian.Uint16(body))
			if err := s.putMessage(string(body[2:n]), body[n:]); err != nil {
				return err
			}
		case 12: // PINGREQ
			answer = []byte{0xd0, 0}
		case 14: // DISCONNECT
			return nil
		default:
			return fmt.Errorf("packet %#x", kind)
		}
		if _, err := conn.Write(answer); err != nil {
			return err
		}
	}
}

// putMessage keeps the fields of a metric in JSON.
func (s *sink) putMessage(topic string, message []byte) error {
	if strings.ContainsAny(topic, "+#") {
		return fmt.Errorf("topic %q", topic)
	}
	var metric struct {
		Name   string
		Fields map[string]any
		Tags   map[string]string
	}
	if err := json.Unmarshal(message, &metric); err != nil {
		return fmt.Errorf("%q: %w", message, err)
	}
	for field, value := range metric.Fields {
		s.put(fmt.Sprintf("%s.%s[%s]", metric.Name, field, metric.Tags["interface"]), fmt.Sprint(value))
	}
	return nil
}

// scrape reads what Telegraf offers to Prometheus.
func scrape() (map[string]string, error) {
	resp, err := http.Get("http://127.0.0.1:9273/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // what is read is checked
	text, err := io.ReadAll(resp.Body)
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if at := strings.LastIndexByte(line, ' '); at > 0 {
			values[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	return values, err
}
