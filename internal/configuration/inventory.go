package configuration

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"

	"opsdesk/internal/platform/fault"
)

// Bounds of what an agent sends: as it travels, unpacked, and how deep and
// large an XML document may be.
const (
	MaxReport   = 16 << 20
	maxUnpacked = 64 << 20
	maxElements = 500000
	maxNesting  = 30
	maxParts    = 20000
)

// Report is a message of an agent that speaks the public GLPI inventory
// protocol.
type Report struct {
	XML      bool
	Query    string // contact, prolog or inventory
	DeviceID string
	Partial  bool
	Sighting Sighting
	Parts    map[string][]Part // by kind; kinds that were not reported are absent
	MACs     []string
}

// Part is a part of an item.
type Part struct{ Key, Detail string }

// unpack undoes zlib or gzip, up to a bound.
func unpack(b []byte) ([]byte, error) {
	var r io.Reader
	var err error
	switch {
	case len(b) > 2 && b[0] == 0x1f && b[1] == 0x8b:
		r, err = gzip.NewReader(bytes.NewReader(b))
	case len(b) > 2 && b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0:
		r, err = zlib.NewReader(bytes.NewReader(b))
	default:
		return b, nil
	}
	if err != nil {
		return nil, unreadable(err)
	}
	out, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if len(out) > maxUnpacked {
		return nil, fault.New(fault.TooLarge, "error.too_large")
	}
	return out, nil
}

func unreadable(err error) error {
	return fault.Wrap(fault.Malformed, "configuration.error.report", err)
}

// ReadReport reads what an agent sent. Only the sections named here are looked
// at; the rest, with environment variables and command lines that hold secrets,
// is dropped before anything is kept.
func ReadReport(body []byte) (Report, error) {
	b, err := unpack(body)
	if err != nil {
		return Report{}, err
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	if len(b) == 0 {
		return Report{}, unreadable(errors.New("empty"))
	}
	if b[0] == '<' {
		return readXML(b)
	}
	var m struct {
		Action   string         `json:"action"`
		DeviceID string         `json:"deviceid"`
		ItemType string         `json:"itemtype"`
		Partial  bool           `json:"partial"`
		Content  map[string]any `json:"content"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return Report{}, unreadable(err)
	}
	r := Report{Query: strings.ToLower(m.Action), DeviceID: cell(m.DeviceID), Partial: m.Partial}
	if m.Content != nil {
		r.Query = "inventory"
	}
	return r.with(tree{m.Content}, m.ItemType)
}

// readXML reads the form of older agents. A document type, and with it every
// entity of its own, is refused.
func readXML(b []byte) (Report, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = charset.NewReaderLabel
	n := 0
	root, err := element(d, 0, &n)
	if err != nil {
		return Report{}, unreadable(err)
	}
	t := tree{root}
	if inner := t.sub("request"); inner.m != nil {
		t = inner
	}
	r := Report{XML: true, Query: strings.ToLower(t.text("query")), DeviceID: cell(t.text("deviceid"))}
	content := t.sub("content")
	itemType := "Computer"
	if device := content.sub("device"); device.m != nil { // network discovery
		r.Query, itemType = "inventory", "NetworkEquipment"
		info := device.sub("info")
		if strings.EqualFold(info.text("type"), "printer") {
			itemType = "Printer"
		}
		content = tree{map[string]any{"network_device": info.m}}
	} else if content.m != nil && r.Query == "" {
		r.Query = "inventory"
	}
	return r.with(content, itemType)
}

// element reads elements up to the end of the one around them: names in lower
// case, repeated ones as a list.
func element(d *xml.Decoder, depth int, n *int) (map[string]any, error) {
	if depth > maxNesting {
		return nil, errors.New("nested too deep")
	}
	out := map[string]any{}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) && depth == 0 {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch x := t.(type) {
		case xml.Directive:
			return nil, errors.New("document types are not read")
		case xml.EndElement:
			return out, nil
		case xml.CharData:
			if s := strings.TrimSpace(string(x)); s != "" {
				old, _ := out["#"].(string)
				out["#"] = old + s
			}
		case xml.StartElement:
			if *n++; *n > maxElements {
				return nil, errors.New("too many elements")
			}
			sub, err := element(d, depth+1, n)
			if err != nil {
				return nil, err
			}
			var v any = sub
			if s, only := sub["#"]; only && len(sub) == 1 {
				v = s
			} else if len(sub) == 0 {
				v = ""
			}
			name := strings.ToLower(x.Name.Local)
			switch old := out[name].(type) {
			case nil:
				out[name] = v
			case []any:
				out[name] = append(old, v)
			default:
				out[name] = []any{old, v}
			}
		}
	}
}

// tree is a decoded document, asked leniently: agents differ.
type tree struct{ m map[string]any }

func (t tree) sub(k string) tree {
	switch v := t.m[k].(type) {
	case map[string]any:
		return tree{v}
	case []any:
		if len(v) > 0 {
			if m, ok := v[0].(map[string]any); ok {
				return tree{m}
			}
		}
	}
	return tree{}
}

func (t tree) list(k string) []tree {
	var out []tree
	switch v := t.m[k].(type) {
	case map[string]any:
		out = []tree{{v}}
	case []any:
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				out = append(out, tree{m})
			}
		}
	}
	return out
}

func (t tree) text(keys ...string) string {
	for _, k := range keys {
		switch v := t.m[k].(type) {
		case string, float64, bool:
			if s := cell(text(v)); s != "" {
				return s
			}
		}
	}
	return ""
}

func (t tree) number(k string) float64 {
	switch v := t.m[k].(type) {
	case float64:
		return v
	case string:
		if n, code, _ := (Attribute{Type: TypeNumber}).parse(v); code == "" && n != nil {
			return n.(float64)
		}
	}
	return 0
}

// partKinds are the sections kept as parts, with the fields that name a part
// and those that tell its states apart.
var partKinds = map[string]struct{ key, detail []string }{
	"softwares": {[]string{"name", "arch"}, []string{"version", "publisher"}}, "networks": {[]string{"description", "mac", "macaddr", "ipaddress", "ipaddress6"}, []string{"status", "type"}},
	"storages": {[]string{"name", "model"}, []string{"disksize", "firmware", "manufacturer"}}, "memories": {[]string{"caption", "numslots"}, []string{"capacity", "type", "serialnumber"}},
	"cpus": {[]string{"name", "id"}, []string{"core", "speed"}}, "monitors": {[]string{"caption", "serial"}, []string{"manufacturer"}}, "virtualmachines": {[]string{"name", "uuid"}, []string{"status", "vmtype", "image"}},
	"databases_services": {[]string{"name", "type", "port"}, []string{"version"}}, "firewalls": {[]string{"description", "profile"}, []string{"status"}},
}

func (t tree) joined(keys []string) string {
	var out []string
	for _, k := range keys {
		out = append(out, t.text(k))
	}
	return strings.TrimRight(strings.Join(out, " · "), " ·")
}

// chassisOf are the chassis types behind what agents call them.
var chassisOf = []struct{ word, value string }{{"laptop", "laptop"}, {"notebook", "laptop"}, {"portable", "laptop"}, {"tablet", "tablet"}, {"server", "server"}, {"rack", "server"}, {"blade", "server"}, {"desktop", "desktop"}, {"tower", "desktop"}, {"mini", "desktop"}}

// with fills in what the content says.
func (r Report) with(c tree, itemType string) (Report, error) {
	if r.Query == "" {
		return r, unreadable(errors.New("no query"))
	}
	if r.Query != "inventory" {
		return r, nil
	}
	if c.m == nil {
		return r, unreadable(errors.New("no content"))
	}
	f := map[string]string{}
	r.Sighting = Sighting{Source: FromAgent, Key: r.DeviceID, Class: "computer", Fields: f}
	set := func(field, v string) {
		if v != "" {
			f[field] = v
		}
	}
	if dev := c.sub("network_device"); dev.m != nil && itemType != "Computer" {
		r.Sighting.Class = "network_device"
		if itemType == "Printer" {
			r.Sighting.Class = "printer"
			set("attributes.pages", c.sub("pagecounters").text("total"))
		} else {
			set("attributes.firmware", dev.text("firmware"))
		}
		set("name", dev.text("name"))
		set("location", dev.text("location"))
		set("attributes.manufacturer", dev.text("manufacturer"))
		set("attributes.model", dev.text("model"))
		set("attributes.serial_number", dev.text("serial"))
		set("attributes.mac", dev.text("mac"))
		set("attributes.ip", usable(dev.m["ips"]))
		return r, nil
	}
	r.computer(c, set)
	r.Parts, r.MACs = map[string][]Part{}, nil
	total := 0
	for kind, spec := range partKinds {
		if _, reported := c.m[kind]; !reported {
			continue
		}
		seen := map[string]bool{}
		r.Parts[kind] = []Part{}
		for _, x := range c.list(kind) {
			p := Part{x.joined(spec.key), x.joined(spec.detail)}
			if p.Key == "" || seen[p.Key] {
				continue
			}
			if total++; total > maxParts {
				return r, fault.New(fault.TooLarge, "error.too_large")
			}
			seen[p.Key] = true
			r.Parts[kind] = append(r.Parts[kind], p)
		}
	}
	return r, nil
}

// usable is the first address that other machines can reach.
func usable(ips any) string {
	var list []any
	switch v := ips.(type) {
	case []any:
		list = v
	case map[string]any:
		if l, ok := v["ip"].([]any); ok {
			list = l
		} else {
			list = []any{v["ip"]}
		}
	}
	for _, x := range list {
		if s := text(x); s != "" && !strings.HasPrefix(s, "127.") && s != "::1" {
			return s
		}
	}
	return ""
}

func (r *Report) computer(c tree, set func(string, string)) {
	hw, bios, os := c.sub("hardware"), c.sub("bios"), c.sub("operatingsystem")
	if vm := strings.ToLower(hw.text("vmsystem")); vm != "" && vm != "physical" {
		r.Sighting.Class = "vm"
	} else {
		set("attributes.serial_number", bios.text("ssn"))
		set("attributes.manufacturer", bios.text("smanufacturer", "mmanufacturer"))
		set("attributes.model", bios.text("smodel"))
		set("attributes.asset_tag", tagOf(bios.text("assettag")))
		set("attributes.bios_version", bios.text("bversion"))
		set("attributes.os_version", os.text("version"))
		set("attributes.kernel", os.text("kernel_version"))
		set("attributes.cpu", c.sub("cpus").text("name"))
		set("attributes.last_user", hw.text("lastloggeduser"))
		for _, x := range chassisOf {
			if strings.Contains(strings.ToLower(hw.text("chassis_type")), x.word) {
				set("attributes.chassis", x.value)
				break
			}
		}
		cores, disk := 0.0, 0.0
		for _, x := range c.list("cpus") {
			cores += x.number("core")
		}
		for _, x := range c.list("storages") {
			disk += x.number("disksize")
		}
		if cores > 0 {
			set("attributes.cores", text(cores))
		}
		if disk > 0 {
			set("attributes.disk_gb", text(float64(int(disk/1000))))
		}
	}
	set("name", hw.text("name"))
	set("attributes.uuid", hw.text("uuid"))
	set("attributes.os", os.text("full_name", "name"))
	memory := 0.0
	for _, x := range c.list("memories") {
		memory += x.number("capacity")
	}
	if memory == 0 {
		memory = hw.number("memory")
	}
	if memory > 0 {
		set("attributes.memory_mb", text(memory))
	}
	for _, n := range c.list("networks") {
		mac := n.text("mac", "macaddr")
		if v, code, _ := (Attribute{Type: TypeMAC}).parse(mac); code == "" && v != nil && !junk("mac", text(v)) && !slices.Contains(r.MACs, text(v)) && n.m["virtualdev"] != true {
			if r.MACs = append(r.MACs, text(v)); len(r.MACs) == 1 {
				set("attributes.mac", text(v))
			}
		}
	}
}

// tagOf leaves out what makers write where an asset number should be.
func tagOf(s string) string {
	if junk("asset_tag", exactly(s)) {
		return ""
	}
	return s
}
