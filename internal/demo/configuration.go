package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/configuration"
	"opsdesk/internal/incident"
)

// thing is a configuration item of the company.
type thing struct {
	name, class, place string
	life               configuration.Lifecycle
	op                 configuration.Operational
	criticality        int
	owner, service     string
	values             map[string]any
}

type values = map[string]any

// things are what the company's two services in the pictures run on, and what
// stands around them.
var things = []thing{
	{"总部 A 座", "site", "上海", "", "", 2, "he.ming", "", values{"address": "上海市浦东新区启明路 8 号"}},
	{"A 座机柜 R03", "rack", "A-1F 机房", "", "", 2, "he.ming", "", values{"facility_id": "R03", "units": 42}},
	{"SW-CORE-A1", "switch", "A-1F 机房 R03", "", "", 1, "he.ming", "Office network", values{"manufacturer": "Cisco", "model": "C9500-48Y4C", "serial_number": "CAT2209L0KX", "asset_tag": "QM-10001", "ip": "10.20.0.11", "mac": "00:1b:21:0a:00:11", "firmware": "17.9.4", "ports": 48}},
	{"SW-CORE-A2", "switch", "A-1F 机房 R03", "", "", 1, "he.ming", "Office network", values{"manufacturer": "Cisco", "model": "C9500-48Y4C", "serial_number": "CAT2209L0KY", "asset_tag": "QM-10002", "ip": "10.20.0.12", "firmware": "17.9.4", "ports": 48}},
	{"SW-ACC-3F", "switch", "A-3F 弱电间", "", "", 2, "he.ming", "Office network", values{"manufacturer": "H3C", "model": "S5560X", "serial_number": "H3C55600312", "asset_tag": "QM-10011", "ip": "10.20.3.2", "firmware": "7.1.070", "ports": 52}},
	{"SW-ACC-2F", "switch", "A-2F 弱电间", "", "", 3, "he.ming", "Office network", values{"manufacturer": "H3C", "model": "S5560X", "serial_number": "H3C55600313", "asset_tag": "QM-10012", "ip": "10.20.2.2", "firmware": "7.1.070", "ports": 52}},
	{"FW-A", "firewall", "A-1F 机房 R03", "", "", 1, "engineer2", "Remote access", values{"manufacturer": "Huawei", "model": "USG6525E", "serial_number": "2102352KDC10", "asset_tag": "QM-10021", "ip": "10.20.0.1", "firmware": "V600R007"}},
	{"AP-3F-E", "access_point", "A-3F 东区", "", configuration.Down, 3, "he.ming", "Office network", values{"manufacturer": "Aruba", "model": "AP-515", "serial_number": "CNK3K5F01A", "asset_tag": "QM-10031", "ip": "10.20.3.21"}},
	{"AP-2F-W", "access_point", "A-2F 西区", "", "", 3, "he.ming", "Office network", values{"manufacturer": "Aruba", "model": "AP-515", "serial_number": "CNK3K5F01B", "asset_tag": "QM-10032", "ip": "10.20.2.21"}},
	{"esx-01", "server", "A-1F 机房 R03", "", "", 1, "tang.yi", "", values{"manufacturer": "Dell Inc.", "model": "PowerEdge R750", "serial_number": "7XK2LM3", "asset_tag": "QM-10101", "uuid": "4c4c4544-0058-4b10-8032-b7c04f4c4d33", "ip": "10.20.10.11", "os": "VMware ESXi", "os_version": "8.0.2", "cores": 64, "memory_mb": 524288}},
	{"esx-02", "server", "A-1F 机房 R03", "", "", 1, "tang.yi", "", values{"manufacturer": "Dell Inc.", "model": "PowerEdge R750", "serial_number": "7XK2LM4", "asset_tag": "QM-10102", "ip": "10.20.10.12", "os": "VMware ESXi", "os_version": "8.0.2", "cores": 64, "memory_mb": 524288}},
	{"esx-03", "server", "A-1F 机房 R03", configuration.Maintenance, configuration.Off, 2, "tang.yi", "", values{"manufacturer": "Dell Inc.", "model": "PowerEdge R750", "serial_number": "7XK2LM5", "asset_tag": "QM-10103", "ip": "10.20.10.13", "os": "VMware ESXi", "os_version": "8.0.2"}},
	{"虚拟化集群 VC-A", "cluster", "A-1F 机房", "", "", 1, "tang.yi", "", values{"cluster_type": "VMware vSphere"}},
	{"vm-erp-app1", "vm", "", "", "", 2, "tang.yi", "ERP system", values{"ip": "10.20.30.11", "os": "Rocky Linux 9", "vcpus": 8, "memory_mb": 32768}},
	{"vm-erp-db1", "vm", "", "", "", 1, "tang.yi", "ERP system", values{"ip": "10.20.30.21", "os": "Rocky Linux 9", "vcpus": 16, "memory_mb": 131072}},
	{"vm-mail1", "vm", "", "", "", 2, "tang.yi", "Company mail", values{"ip": "10.20.31.11", "os": "Debian 12", "vcpus": 8, "memory_mb": 16384}},
	{"邮件网关", "application", "", "", configuration.Degraded, 2, "tang.yi", "Company mail", values{"vendor": "Coremail", "version": "5.0", "url": "https://mailgw.qiming.example"}},
	{"ERP", "application", "", "", "", 1, "tang.yi", "ERP system", values{"vendor": "用友", "version": "NC 6.5", "url": "https://erp.qiming.example", "environment": "production"}},
	{"VPN 网关", "application", "", "", "", 2, "engineer2", "Remote access", values{"vendor": "Huawei", "url": "https://vpn.qiming.example"}},
	{"办公无线", "service", "", "", "", 2, "he.ming", "Office network", nil},
	{"企业邮箱", "service", "", "", "", 1, "tang.yi", "Company mail", nil},
	{"ERP 系统", "service", "", "", "", 1, "tang.yi", "ERP system", nil},
	{"视频会议", "service", "", "", "", 2, "qian.fei", "Meeting rooms", nil},
	{"PRN-3F-01", "printer", "A-3F 东区打印间", "", "", 3, "qian.fei", "Printing", values{"manufacturer": "HP", "model": "LaserJet M610", "serial_number": "CNBRP1K0GH", "asset_tag": "QM-10301", "ip": "10.20.3.91"}},
	{"LW-NB-112", "computer", "A-3F-E-112", "", "", 4, "qian.fei", "", values{"manufacturer": "Lenovo", "model": "ThinkPad T14", "serial_number": "PF3X2K19", "asset_tag": "QM-20112", "os": "Windows 11", "chassis": "laptop", "memory_mb": 16384, "last_user": "staff"}},
	{"专线 电信 200M", "circuit", "A-1F 机房", "", "", 1, "engineer2", "Office network", values{"circuit_id": "SH-CT-200-7781", "provider": "中国电信", "bandwidth_mbps": 200}},
	{"存储 SAN-A", "storage", "A-1F 机房 R03", "", "", 1, "tang.yi", "", values{"manufacturer": "Huawei", "model": "Dorado 5000", "serial_number": "210235G7HP", "asset_tag": "QM-10201", "capacity_gb": 81920}},
	{"备用交换机 S5560X", "switch", "A-1F 库房", configuration.Stock, configuration.Off, 4, "he.ming", "", values{"manufacturer": "H3C", "model": "S5560X", "serial_number": "H3C55600399", "asset_tag": "QM-10019"}},
}

// configuration enters the things and what holds them together.
func (c *Company) configuration(ctx context.Context) error {
	if c.Configuration == nil {
		return nil
	}
	m, err := c.Configuration.Model(ctx)
	if err != nil {
		return err
	}
	now := c.Desk.Now()
	defer c.At(time.Time{})
	c.At(now.AddDate(0, 0, -60)) // before everything that the demo tells of them
	for n, t := range things {
		class, ok := m.Key(t.class)
		if !ok {
			return fmt.Errorf("no class %s", t.class)
		}
		owner := c.persons[t.owner]
		in := configuration.CreateInput{
			ClassID: class.ID, Name: t.name, Location: t.place, Lifecycle: t.life, Operational: t.op, Criticality: t.criticality, OwnerID: &owner, Attributes: t.values,
			Supplier: "启明信息采购", Contract: "QM-2024-017",
		}
		if in.Lifecycle == "" {
			in.Lifecycle = configuration.Production
		}
		if id, ok := c.services[t.service]; ok {
			in.ServiceID = &id
		}
		if t.class == "cluster" {
			in.Redundancy = 2
		}
		if t.class == "server" || t.class == "switch" {
			in.WarrantyUntil = &configuration.Date{Time: now.UTC().AddDate(0, 0, 20+n*45).Truncate(24 * time.Hour)}
		}
		i, err := c.Configuration.Create(ctx, in)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if c.items == nil {
			c.items = map[string]uuid.UUID{}
		}
		c.items[t.name] = i.ID
	}
	return c.relations(ctx)
}

// ties are how the things hang together: first, relation, second.
var ties = [][3]string{
	{"总部 A 座", "contains", "A 座机柜 R03"},
	{"A 座机柜 R03", "contains", "SW-CORE-A1"},
	{"A 座机柜 R03", "contains", "SW-CORE-A2"},
	{"A 座机柜 R03", "contains", "FW-A"},
	{"A 座机柜 R03", "contains", "esx-01"},
	{"A 座机柜 R03", "contains", "esx-02"},
	{"A 座机柜 R03", "contains", "esx-03"},
	{"A 座机柜 R03", "contains", "存储 SAN-A"},
	{"SW-ACC-3F", "depends_on", "SW-CORE-A1"},
	{"SW-ACC-2F", "depends_on", "SW-CORE-A1"},
	{"FW-A", "depends_on", "SW-CORE-A1"},
	{"FW-A", "depends_on", "专线 电信 200M"},
	{"AP-3F-E", "depends_on", "SW-ACC-3F"},
	{"AP-2F-W", "depends_on", "SW-ACC-2F"},
	{"PRN-3F-01", "depends_on", "SW-ACC-3F"},
	{"LW-NB-112", "depends_on", "AP-3F-E"},
	{"办公无线", "depends_on", "AP-3F-E"},
	{"办公无线", "depends_on", "AP-2F-W"},
	{"视频会议", "depends_on", "办公无线"},
	{"esx-01", "member_of", "虚拟化集群 VC-A"},
	{"esx-02", "member_of", "虚拟化集群 VC-A"},
	{"esx-03", "member_of", "虚拟化集群 VC-A"},
	{"虚拟化集群 VC-A", "depends_on", "存储 SAN-A"},
	{"vm-erp-app1", "runs_on", "虚拟化集群 VC-A"},
	{"vm-erp-db1", "runs_on", "虚拟化集群 VC-A"},
	{"vm-mail1", "runs_on", "虚拟化集群 VC-A"},
	{"ERP", "runs_on", "vm-erp-app1"},
	{"ERP", "depends_on", "vm-erp-db1"},
	{"ERP 系统", "depends_on", "ERP"},
	{"邮件网关", "runs_on", "vm-mail1"},
	{"邮件网关", "depends_on", "FW-A"},
	{"企业邮箱", "depends_on", "邮件网关"},
	{"VPN 网关", "runs_on", "FW-A"},
	{"SW-CORE-A1", "connected_to", "SW-CORE-A2"},
}

func (c *Company) relations(ctx context.Context) error {
	types, err := c.Configuration.RelationTypes(ctx)
	if err != nil {
		return err
	}
	byKey := map[string]uuid.UUID{}
	for _, t := range types {
		byKey[t.Key] = t.ID
	}
	for _, t := range ties {
		if _, err := c.Configuration.Relate(ctx, c.items[t[0]], configuration.RelateInput{TypeID: byKey[t[1]], OtherID: c.items[t[2]]}); err != nil {
			return fmt.Errorf("%s %s %s: %w", t[0], t[1], t[2], err)
		}
	}
	return nil
}

// affected is what a fault of a category is about, here.
var affected = map[string]string{"Wireless": "AP-3F-E", "Mail": "邮件网关", "Printer": "PRN-3F-01", "ERP": "ERP"}

// affect names the item that an incident is about.
func (c *Company) affect(ctx context.Context, category string, about uuid.UUID) error {
	id, ok := c.items[affected[category]]
	if !ok {
		return nil
	}
	lead, err := c.as(ctx, "lead")
	if err == nil {
		_, err = c.Incidents.AddItem(lead, about, incident.ItemInput{Item: id.String()})
	}
	return err
}
