package configuration

import (
	"encoding/json"
	"fmt"
	"strings"

	"opsdesk/internal/platform/fault"
)

// netboxSource is the name of the source in precedence.
const netboxSource = "netbox"

// netboxObject is one object of a NetBox export (Django's JSON serialisation).
type netboxObject struct {
	Model  string         `json:"model"`
	PK     any            `json:"pk"` // a number, but for sessions
	Fields map[string]any `json:"fields"`
}

// key names the object among all.
func (o netboxObject) key() string { return o.Model + "." + text(o.PK) }

// text is a field as text; "" for null.
func (o netboxObject) text(f string) string {
	switch v := o.Fields[f].(type) {
	case nil:
		return ""
	case map[string]any, []any:
		return ""
	default:
		return text(v)
	}
}

// netbox reads a NetBox export: sites, racks, devices, virtual machines,
// clusters, circuits, prefixes and power, and how they hang together. What has
// no item here (templates, users, sessions) is passed over.
func netbox(body []byte) ([]Content, error) {
	var list []netboxObject
	if err := json.Unmarshal(body, &list); err != nil || len(list) == 0 {
		return nil, fault.OnField("file", "configuration.error.netbox")
	}
	n := netboxExport{at: map[string]netboxObject{}}
	for _, o := range list {
		n.at[o.key()] = o
	}
	for _, o := range list {
		n.thing(o)
	}
	for _, o := range list {
		n.bonds(o)
	}
	n.cables(list)
	if len(n.out) == 0 {
		return nil, fault.OnField("file", "configuration.error.netbox")
	}
	return append(n.out, n.ties...), nil
}

type netboxExport struct {
	at        map[string]netboxObject
	out, ties []Content
}

// ref is the object that a field points at.
func (n *netboxExport) ref(o netboxObject, field, model string) (netboxObject, bool) {
	x, ok := n.at[model+"."+o.text(field)]
	return x, ok && o.text(field) != ""
}

func (n *netboxExport) nameOf(o netboxObject, field, model string) string {
	x, _ := n.ref(o, field, model)
	return x.text("name")
}

// lives are the places of life and operation behind NetBox's statuses.
var lives = map[string][2]string{
	"active": {"production", "up"}, "connected": {"production", "up"}, "online": {"production", "up"}, "offline": {"production", "off"}, "failed": {"production", "down"},
	"planned": {"planned", ""}, "provisioning": {"planned", ""}, "reserved": {"planned", ""}, "staged": {"staging", ""}, "staging": {"staging", ""}, "inventory": {"stock", ""},
	"available": {"stock", ""}, "decommissioning": {"retired", "off"}, "decommissioned": {"retired", "off"}, "retired": {"retired", "off"}, "deprecated": {"retired", "off"},
}

// roles are the classes behind the names of device roles.
var roles = []struct{ word, class string }{
	{"firewall", "firewall"},
	{"router", "router"},
	{"switch", "switch"},
	{"access point", "access_point"},
	{"wireless", "access_point"},
	{"pdu", "power"},
	{"power", "power"},
	{"storage", "storage"},
	{"printer", "printer"},
	{"server", "server"},
	{"patch", "network_device"},
	{"console", "network_device"},
}

func (n *netboxExport) add(o netboxObject, class string, fields map[string]string) {
	life := lives[o.text("status")]
	if life[0] == "" {
		life = [2]string{"production", ""}
	}
	fields["lifecycle"], fields["operational"] = life[0], life[1]
	if d := o.text("description"); d != "" {
		fields["description"] = d
	}
	for k, v := range fields {
		if v == "" {
			delete(fields, k)
		}
	}
	n.out = append(n.out, Content{Sighting: &Sighting{Source: netboxSource, Key: o.key(), Class: class, Fields: fields}})
}

func (n *netboxExport) thing(o netboxObject) {
	name := o.text("name")
	switch o.Model {
	case "dcim.site":
		n.add(o, "site", map[string]string{"name": name, "location": n.nameOf(o, "region", "dcim.region"), "attributes.address": oneLine(o.text("physical_address"))})
	case "dcim.rack":
		site := n.nameOf(o, "site", "dcim.site")
		n.add(o, "rack", map[string]string{"name": joinNonEmpty(site, name), "location": site, "attributes.facility_id": o.text("facility_id"), "attributes.units": o.text("u_height")})
	case "dcim.device":
		n.device(o, name)
	case "virtualization.virtualmachine":
		n.add(o, "vm", map[string]string{
			"name": name, "attributes.os": n.nameOf(o, "platform", "dcim.platform"), "attributes.vcpus": o.text("vcpus"), "attributes.memory_mb": o.text("memory"),
			"attributes.disk_gb": o.text("disk"), "attributes.ip": n.address(o),
		})
	case "virtualization.cluster":
		n.add(o, "cluster", map[string]string{"name": name, "attributes.cluster_type": n.nameOf(o, "type", "virtualization.clustertype"), "location": n.nameOf(o, "site", "dcim.site")})
	case "circuits.circuit":
		n.add(o, "circuit", map[string]string{"name": o.text("cid"), "attributes.circuit_id": o.text("cid"), "attributes.provider": n.nameOf(o, "provider", "circuits.provider")})
	case "ipam.prefix":
		n.add(o, "network", map[string]string{"name": o.text("prefix"), "attributes.prefix": o.text("prefix"), "attributes.vlan": n.vid(o), "location": n.nameOf(o, "site", "dcim.site")})
	case "dcim.powerpanel", "dcim.powerfeed":
		n.add(o, "power", map[string]string{"name": name})
	}
}

func (n *netboxExport) device(o netboxObject, name string) {
	role := strings.ToLower(n.nameOf(o, "device_role", "dcim.devicerole"))
	class := "network_device"
	for _, r := range roles {
		if strings.Contains(role, r.word) {
			class = r.class
			break
		}
	}
	model, _ := n.ref(o, "device_type", "dcim.devicetype")
	if name == "" {
		name = model.text("model") + " " + o.text("pk")
	}
	n.add(o, class, map[string]string{
		"name": name, "location": joinNonEmpty(n.nameOf(o, "site", "dcim.site"), n.nameOf(o, "rack", "dcim.rack")), "attributes.model": model.text("model"),
		"attributes.manufacturer": n.nameOf(model, "manufacturer", "dcim.manufacturer"), "attributes.serial_number": o.text("serial"), "attributes.asset_tag": o.text("asset_tag"),
		"attributes.rack_position": o.text("position"), "attributes.ip": n.address(o),
	})
}

func (n *netboxExport) address(o netboxObject) string {
	ip, _ := n.ref(o, "primary_ip4", "ipam.ipaddress")
	return ip.text("address")
}

func (n *netboxExport) vid(o netboxObject) string {
	v, _ := n.ref(o, "vlan", "ipam.vlan")
	return v.text("vid")
}

func (n *netboxExport) tie(from, typ, to string) {
	if from != to {
		n.ties = append(n.ties, Content{Bond: &Bond{Source: netboxSource, From: from, Type: typ, To: to}})
	}
}

// bonds are the relations that an object's fields say.
func (n *netboxExport) bonds(o netboxObject) {
	own := o.key()
	in := func(field, model, typ string, forward bool) bool {
		x, ok := n.ref(o, field, model)
		other := x.key()
		if ok && forward {
			n.tie(own, typ, other)
		} else if ok {
			n.tie(other, typ, own)
		}
		return ok
	}
	switch o.Model {
	case "dcim.rack", "dcim.powerpanel":
		in("site", "dcim.site", "contains", false)
	case "dcim.device":
		if !in("rack", "dcim.rack", "contains", false) {
			in("site", "dcim.site", "contains", false)
		}
	case "dcim.powerfeed":
		in("power_panel", "dcim.powerpanel", "depends_on", true)
	case "virtualization.virtualmachine":
		if !in("device", "dcim.device", "runs_on", true) {
			in("cluster", "virtualization.cluster", "runs_on", true)
		}
	}
}

// cables connect the devices, circuits and feeds at their ends.
func (n *netboxExport) cables(list []netboxObject) {
	ends := map[string]map[string][]string{} // cable → end → things
	for _, o := range list {
		if o.Model != "dcim.cabletermination" {
			continue
		}
		typ, _ := o.Fields["termination_type"].([]any)
		if len(typ) != 2 {
			continue
		}
		at, ok := n.at[fmt.Sprintf("%v.%v.%s", typ[0], typ[1], o.text("termination_id"))]
		if !ok {
			continue
		}
		owner := ""
		switch at.Model {
		case "circuits.circuittermination":
			owner = "circuits.circuit." + at.text("circuit")
		case "dcim.powerfeed":
			owner = at.key()
		default:
			owner = "dcim.device." + at.text("device")
		}
		if _, ok := n.at[owner]; !ok {
			continue
		}
		c := o.text("cable")
		if ends[c] == nil {
			ends[c] = map[string][]string{}
		}
		ends[c][o.text("cable_end")] = append(ends[c][o.text("cable_end")], owner)
	}
	seen := map[[2]string]bool{}
	for _, c := range sortedKeys(ends) {
		for _, a := range ends[c]["A"] {
			for _, b := range ends[c]["B"] {
				pair := [2]string{min(a, b), max(a, b)}
				if !seen[pair] {
					seen[pair] = true
					n.tie(pair[0], "connected_to", pair[1])
				}
			}
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func joinNonEmpty(list ...string) string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}
