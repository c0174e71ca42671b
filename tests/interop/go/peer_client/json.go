package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"polyrpc/interop/check"
)

// jsonChecks are about the JSON wire itself, the flavour of Go's net/rpc/jsonrpc.
func jsonChecks(suite *check.Suite, t target) {
	const hello = `{"method":"HelloService.SayHello","params":["hello"],"id":1}`
	const helloAnswer = `{"id":1,"result":"Hello World:hello","error":null}`

	rows := []struct {
		name, sent string
		want       []string // one line each, in any order; with "*" at its end only the start counts
	}{
		{"plain", hello + "\n", []string{helloAnswer}},
		{"no_line_feed", hello, []string{helloAnswer}},
		{"white_space", " \r\n\t" + strings.ReplaceAll(hello, ",", " ,\n ") + " \n\n", []string{helloAnswer}},
		{"hello", `{"method":"HelloService.Hello","params":["hello"],"id":1}`, []string{`{"id":1,"result":"hello:hello","error":null}`}},
		{"unknown_method", `{"method":"HelloService.Bye","params":["hello"],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"rpc: can't find method HelloService.Bye"}`}},
		{"unknown_service", `{"method":"Nobody.Bye","params":["hello"],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"rpc: can't find service Nobody.Bye"}`}},
		{"ill_formed_name", `{"method":"Bye","params":["hello"],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"rpc: service/method request ill-formed: Bye"}`}},
		{"empty_request", `{}`, []string{`{"id":null,"result":null,"error":"rpc: service/method request ill-formed: "}`}},
		{"id_text", `{"method":"HelloService.SayHello","params":["x"],"id":"a\"b"}`, []string{`{"id":"a\"b","result":"Hello World:x","error":null}`}},
		{"id_escaped", `{"method":"HelloService.SayHello","params":["x"],"id":"\u0041"}`, []string{`{"id":"\u0041","result":"Hello World:x","error":null}`}},
		{"id_object", `{"method":"HelloService.SayHello","params":["x"],"id":{"a":[1,{}]}}`, []string{`{"id":{"a":[1,{}]},"result":"Hello World:x","error":null}`}},
		{"id_array", `{"method":"HelloService.SayHello","params":["x"],"id":[1,"two"]}`, []string{`{"id":[1,"two"],"result":"Hello World:x","error":null}`}},
		{"id_true", `{"method":"HelloService.SayHello","params":["x"],"id":true}`, []string{`{"id":true,"result":"Hello World:x","error":null}`}},
		{"id_fraction", `{"method":"HelloService.SayHello","params":["x"],"id":1.50}`, []string{`{"id":1.50,"result":"Hello World:x","error":null}`}},
		{"id_of_20_digits", `{"method":"HelloService.SayHello","params":["x"],"id":12345678901234567890}`,
			[]string{`{"id":12345678901234567890,"result":"Hello World:x","error":null}`}},
		{"id_null", `{"method":"HelloService.SayHello","params":["x"],"id":null}`, []string{`{"id":null,"result":"Hello World:x","error":null}`}},
		{"no_id_is_answered", `{"method":"HelloService.SayHello","params":["x"]}`, []string{`{"id":null,"result":"Hello World:x","error":null}`}},
		{"no_params", `{"method":"HelloService.SayHello","id":1}`, []string{`{"id":1,"result":null,"error":"jsonrpc: request body missing params"}`}},
		{"params_null", `{"method":"HelloService.SayHello","params":null,"id":1}`,
			[]string{`{"id":1,"result":null,"error":"jsonrpc: request body missing params"}`}},
		{"params_empty", `{"method":"HelloService.SayHello","params":[],"id":1}`, []string{`{"id":1,"result":"Hello World:","error":null}`}},
		{"params_with_null", `{"method":"HelloService.SayHello","params":[null],"id":1}`, []string{`{"id":1,"result":"Hello World:","error":null}`}},
		{"params_with_two", `{"method":"HelloService.SayHello","params":["x","y"],"id":1}`, []string{`{"id":1,"result":"Hello World:x","error":null}`}},
		{"params_an_object", `{"method":"HelloService.SayHello","params":{"x":1},"id":1}`,
			[]string{`{"id":1,"result":null,"error":"json: cannot unmarshal object*`}},
		{"params_a_text", `{"method":"HelloService.SayHello","params":"x","id":1}`, []string{`{"id":1,"result":null,"error":"json: cannot unmarshal string*`}},
		{"argument_of_wrong_type", `{"method":"HelloService.SayHello","params":[5],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"json: cannot unmarshal number*`}},
		{"fraction_for_integer", `{"method":"Arith.Multiply","params":[{"A":7.5,"B":1}],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"json: cannot unmarshal number*`}},
		{"exponent_for_integer", `{"method":"Arith.Multiply","params":[{"A":1e0,"B":1}],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"json: cannot unmarshal number*`}},
		{"integer_too_large", `{"method":"Arith.Multiply","params":[{"A":9223372036854775808,"B":1}],"id":1}`,
			[]string{`{"id":1,"result":null,"error":"json: cannot unmarshal number*`}},
		{"integers_of_64_bits", `{"method":"Arith.Multiply","params":[{"A":9223372036854775807,"B":1}],"id":1}`,
			[]string{`{"id":1,"result":9223372036854775807,"error":null}`}},
		{"name_error_before_params_error", `{"method":"Arith.Modulo","params":7,"id":1}`,
			[]string{`{"id":1,"result":null,"error":"rpc: can't find method Arith.Modulo"}`}},
		{"fields_in_other_case", `{"method":"Arith.Multiply","params":[{"a":6,"b":7}],"id":1}`, []string{`{"id":1,"result":42,"error":null}`}},
		{"unknown_fields", `{"method":"Arith.Multiply","params":[{"A":6,"Z":{"q":[1,2,{}]},"B":7,"C":null}],"id":1,"more":[true]}`,
			[]string{`{"id":1,"result":42,"error":null}`}},
		{"members_in_other_case_and_order", `{"ID":1,"PARAMS":[{"A":6,"B":7}],"Method":"Arith.Multiply"}`, []string{`{"id":1,"result":42,"error":null}`}},
		{"last_of_two_members_counts", `{"method":"Arith.Modulo","id":5,"params":[{"A":1,"A":6,"B":7}],"id":1,"method":"Arith.Multiply"}`,
			[]string{`{"id":1,"result":42,"error":null}`}},
		{"struct_reply", `{"method":"Arith.Divide","params":[{"A":17,"B":5}],"id":1}`, []string{`{"id":1,"result":{"Quo":3,"Rem":2},"error":null}`}},
		{"map_reply_is_sorted", `{"method":"Arith.Sum","params":[[3,-4]],"id":1}`,
			[]string{`{"id":1,"result":{"count":2,"max":3,"min":-4,"sum":-1},"error":null}`}},
		{"bytes_are_base64", `{"method":"Arith.Echo","params":[{"A":1,"S":"AAECAw=="}],"id":1}`,
			[]string{`{"id":1,"result":{"A":1,"B":0,"S":"AAECAw=="},"error":null}`}},
		{"empty_struct", `{"method":"Arith.Nothing","params":[{}],"id":1}`, []string{`{"id":1,"result":{},"error":null}`}},
		{"handler_error", `{"method":"Arith.Fail","params":["no: \"x\"\n"],"id":1}`, []string{`{"id":1,"result":null,"error":"no: \"x\"\n"}`}},
		{"three_without_separators", strings.ReplaceAll(hello, `"id":1`, `"id":2`) + hello + strings.ReplaceAll(hello, `"id":1`, `"id":3`),
			[]string{helloAnswer, strings.ReplaceAll(helloAnswer, `"id":1`, `"id":2`), strings.ReplaceAll(helloAnswer, `"id":1`, `"id":3`)}},
		{"same_id_twice", hello + hello, []string{helloAnswer, helloAnswer}},
	}
	for _, row := range rows {
		row := row
		suite.Run(t.wire+"/raw/"+row.name, func(c *check.T) {
			conn := t.conn(c)
			defer conn.Close()
			reader := bufio.NewReader(conn)
			exchange := func(sent string, want []string) {
				_, err := io.WriteString(conn, sent)
				c.NoError(err, "write")
				var got []string
				for range want {
					line, err := reader.ReadString('\n')
					if err != nil {
						c.Fatalf("after %q: %v", got, err)
					}
					got = append(got, strings.TrimSuffix(line, "\n"))
				}
				want = append([]string(nil), want...)
				sort.Strings(got)
				sort.Strings(want)
				for i := range want {
					start := strings.TrimSuffix(want[i], "*")
					if got[i] != want[i] && (start == want[i] || !strings.HasPrefix(got[i], start)) {
						c.Fatalf("answer %q, want %q", got[i], want[i])
					}
				}
			}
			exchange(row.sent, row.want)
			exchange(row.sent, row.want) // and the connection lives on
			exchange(hello, []string{helloAnswer})
		})
	}
	suite.Run(t.wire+"/raw/byte_by_byte", func(c *check.T) {
		conn := t.conn(c)
		defer conn.Close()
		for _, b := range []byte(hello) {
			_, err := conn.Write([]byte{b})
			c.NoError(err, "write")
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		c.NoError(err, "read")
		c.Equal(line, helloAnswer+"\n", "answer")
	})
	suite.Run(t.wire+"/raw/version_2_in_go_is_1", func(c *check.T) {
		if !*stock {
			c.Skip("only Go's own server takes 2.0 for 1.0")
		}
		conn := t.conn(c)
		defer conn.Close()
		_, err := io.WriteString(conn, `{"jsonrpc":"2.0",`+hello[1:])
		c.NoError(err, "write")
		line, err := bufio.NewReader(conn).ReadString('\n')
		c.NoError(err, "read")
		c.Equal(line, helloAnswer+"\n", "answer")
	})
	suite.Run(t.wire+"/raw/fast_overtakes_slow", func(c *check.T) {
		conn := t.conn(c)
		defer conn.Close()
		_, err := io.WriteString(conn, `{"method":"Arith.Sleep","params":[300],"id":"slow"}`+hello)
		c.NoError(err, "write")
		reader := bufio.NewReader(conn)
		for _, want := range []string{helloAnswer + "\n", `{"id":"slow","result":300,"error":null}` + "\n"} {
			line, err := reader.ReadString('\n')
			c.NoError(err, "read")
			c.Equal(line, want, "answer")
		}
	})
	suite.Run(t.wire+"/raw/special_characters", func(c *check.T) {
		text := "<a href=\"x\">&\u2028 \u00e4 \U0001F600 \\ / \x01\x7f\x00"
		encoded, err := json.Marshal(text)
		c.NoError(err, "encode")
		conn := t.conn(c)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, `{"method":"HelloService.SayHello","params":[%s],"id":1}`, encoded)
		c.NoError(err, "write")
		line, err := bufio.NewReader(conn).ReadBytes('\n')
		c.NoError(err, "read")
		var answer struct{ Result string }
		c.NoError(json.Unmarshal(line, &answer), "decode")
		c.Equal(answer.Result, "Hello World:"+text, "result")
	})
	suite.Run(t.wire+"/raw/half_close", func(c *check.T) {
		conn := t.conn(c)
		defer conn.Close()
		_, err := io.WriteString(conn, `{"method":"Arith.Sleep","params":[200],"id":2}`+hello)
		c.NoError(err, "write")
		closeWrite(c, conn)
		answers, err := io.ReadAll(conn)
		c.NoError(err, "read")
		c.Equal(string(answers), helloAnswer+"\n"+`{"id":2,"result":200,"error":null}`+"\n", "answers")
	})
	for _, bad := range []struct{ name, sent string }{
		{"name_without_quotes", `{id:1}` + "\n"},
		{"trailing_comma", `{"method":"HelloService.SayHello","params":["x"],"id":1,}`},
		{"not_json", "hello\n"},
		{"an_array", `[` + hello + `]`},
		{"a_number", "17 "},
		{"a_text", `"hello" `},
		{"method_a_number", `{"method":1,"params":["x"],"id":1}`},
		{"broken_argument", `{"method":"HelloService.SayHello","params":["x"x],"id":1}`},
		{"single_quotes", `{'method':'HelloService.SayHello','params':['x'],'id':1}`},
		{"leading_zero", `{"method":"HelloService.SayHello","params":["x"],"id":01}`},
	} {
		bad := bad
		suite.Run(t.wire+"/raw/closes/"+bad.name, func(c *check.T) {
			if bad.name == "an_array" && !*stock {
				c.Skip("a server that speaks JSON-RPC 2.0 as well takes it for a batch")
			}
			conn := t.conn(c)
			defer conn.Close()
			reader := bufio.NewReader(conn)
			_, err := io.WriteString(conn, hello)
			c.NoError(err, "write")
			line, err := reader.ReadString('\n')
			c.NoError(err, "read")
			c.Equal(line, helloAnswer+"\n", "answer")
			_, err = io.WriteString(conn, bad.sent)
			c.NoError(err, "write")
			ended(c, conn)
		})
	}
	suite.Run(t.wire+"/raw/cut_request", func(c *check.T) {
		conn := t.conn(c)
		defer conn.Close()
		_, err := io.WriteString(conn, hello[:len(hello)-5])
		c.NoError(err, "write")
		closeWrite(c, conn)
		ended(c, conn)
	})
	suite.Run(t.wire+"/raw/call_before_garbage_is_answered", func(c *check.T) {
		conn := t.conn(c)
		defer conn.Close()
		_, err := io.WriteString(conn, `{"method":"Arith.Sleep","params":[200],"id":2}{id:1}`)
		c.NoError(err, "write")
		answers, err := io.ReadAll(conn)
		c.NoError(err, "read")
		c.Equal(string(answers), `{"id":2,"result":200,"error":null}`+"\n", "answers")
	})
}
