-- Classes of configuration items are a tree: an item has the attributes of its
-- class and of every class above it.
CREATE TABLE ci_classes (
    id         uuid        NOT NULL CONSTRAINT ci_classes_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    parent_id  uuid        CONSTRAINT ci_classes_parent_fkey REFERENCES ci_classes (id),
    key        text        NOT NULL CONSTRAINT ci_classes_key_key UNIQUE,
    name_zh    text        NOT NULL,
    name_en    text        NOT NULL,
    icon       text        NOT NULL DEFAULT '',
    abstract   boolean     NOT NULL DEFAULT false, -- has no items of its own
    active     boolean     NOT NULL DEFAULT true,
    position   integer     NOT NULL DEFAULT 0,
    identity   text[]      NOT NULL DEFAULT '{}', -- identification rules in order, each keys joined by "+"; empty: those of the class above
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT ci_classes_named CHECK (name_zh <> '' AND name_en <> ''),
    CONSTRAINT ci_classes_key CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    CONSTRAINT ci_classes_not_own_parent CHECK (parent_id <> id)
);
CREATE INDEX ci_classes_parent_idx ON ci_classes (parent_id);

CREATE TABLE ci_attributes (
    id           uuid        NOT NULL CONSTRAINT ci_attributes_pkey PRIMARY KEY,
    version      integer     NOT NULL DEFAULT 1,
    class_id     uuid        NOT NULL CONSTRAINT ci_attributes_class_fkey REFERENCES ci_classes (id),
    key          text        NOT NULL,
    name_zh      text        NOT NULL,
    name_en      text        NOT NULL,
    type         text        NOT NULL,
    required     boolean     NOT NULL DEFAULT false,
    is_unique    boolean     NOT NULL DEFAULT false, -- among the items of the class and those below it
    identifier   boolean     NOT NULL DEFAULT false, -- found by its exact value, and may identify an item in an import
    options      jsonb       NOT NULL DEFAULT '[]',  -- of a choice: [{"value", "zh", "en"}]
    ref_class_id uuid        CONSTRAINT ci_attributes_ref_class_fkey REFERENCES ci_classes (id), -- of a reference to an item
    pattern      text        NOT NULL DEFAULT '',    -- regular expression that a text must match
    min          double precision,
    max          double precision,
    unit         text        NOT NULL DEFAULT '',
    position     integer     NOT NULL DEFAULT 0,
    active       boolean     NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT ci_attributes_key_key UNIQUE (class_id, key),
    CONSTRAINT ci_attributes_key CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    CONSTRAINT ci_attributes_named CHECK (name_zh <> '' AND name_en <> ''),
    CONSTRAINT ci_attributes_type CHECK (type IN ('text', 'number', 'bool', 'date', 'choice', 'ip', 'mac', 'url', 'person', 'item'))
);

CREATE SEQUENCE ci_numbers;

CREATE TABLE ci_items (
    id             uuid        NOT NULL CONSTRAINT ci_items_pkey PRIMARY KEY,
    version        integer     NOT NULL DEFAULT 1,
    number         bigint      NOT NULL CONSTRAINT ci_items_number_key UNIQUE,
    name           text        NOT NULL,
    description    text        NOT NULL DEFAULT '',
    class_id       uuid        NOT NULL CONSTRAINT ci_items_class_fkey REFERENCES ci_classes (id),
    lifecycle      text        NOT NULL,
    operational    text        NOT NULL,
    install        text        NOT NULL,
    criticality    smallint    NOT NULL DEFAULT 3, -- 1 critical … 4 low
    owner_id       uuid        CONSTRAINT ci_items_owner_fkey REFERENCES people (id),      -- answers for it (regulation 3.1)
    custodian_id   uuid        CONSTRAINT ci_items_custodian_fkey REFERENCES people (id),  -- has it in their hands
    department_id  uuid        CONSTRAINT ci_items_department_fkey REFERENCES departments (id),
    service_id     uuid        CONSTRAINT ci_items_service_fkey REFERENCES services (id),
    team_id        uuid        CONSTRAINT ci_items_team_fkey REFERENCES teams (id),
    location       text        NOT NULL DEFAULT '',
    supplier       text        NOT NULL DEFAULT '',
    contract       text        NOT NULL DEFAULT '',
    contract_until date,
    warranty_until date,
    reminded_until date,       -- the earliest end of warranty or contract that somebody was reminded of
    redundancy     smallint    NOT NULL DEFAULT 0, -- how many members must be healthy for the whole to work; 0: all
    attributes     jsonb       NOT NULL DEFAULT '{}',
    locks          text[]      NOT NULL DEFAULT '{}', -- fields that imports leave alone
    source         text        NOT NULL DEFAULT '',
    source_key     text        NOT NULL DEFAULT '',
    stale_at       timestamptz, -- since when its source no longer reports it
    verified_at    timestamptz,
    verified_by    uuid,
    created_by     uuid        NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CONSTRAINT ci_items_named CHECK (name <> ''),
    CONSTRAINT ci_items_lifecycle CHECK (lifecycle IN ('planned', 'ordered', 'stock', 'staging', 'production', 'maintenance', 'retired', 'disposed')),
    CONSTRAINT ci_items_operational CHECK (operational IN ('unknown', 'up', 'degraded', 'down', 'off')),
    CONSTRAINT ci_items_install CHECK (install IN ('none', 'pending', 'installed', 'removing', 'removed')),
    CONSTRAINT ci_items_states_agree CHECK ((lifecycle NOT IN ('production', 'maintenance') OR install = 'installed')
        AND (operational IN ('unknown', 'off') OR install = 'installed')
        AND (lifecycle NOT IN ('planned', 'ordered', 'disposed') OR install IN ('none', 'pending', 'removed'))),
    CONSTRAINT ci_items_criticality CHECK (criticality BETWEEN 1 AND 4),
    CONSTRAINT ci_items_redundancy CHECK (redundancy BETWEEN 0 AND 10000)
);
-- Each list has its index; the order is always that of the last change, or of
-- the name.
CREATE INDEX ci_items_updated_idx ON ci_items (updated_at DESC, id DESC);
CREATE INDEX ci_items_name_idx ON ci_items (lower(name), id);
CREATE INDEX ci_items_class_updated_idx ON ci_items (class_id, updated_at DESC, id DESC);
CREATE INDEX ci_items_class_name_idx ON ci_items (class_id, lower(name), id);
CREATE INDEX ci_items_lifecycle_idx ON ci_items (lifecycle, updated_at DESC, id DESC);
CREATE INDEX ci_items_owner_idx ON ci_items (owner_id, updated_at DESC, id DESC) WHERE owner_id IS NOT NULL;
CREATE INDEX ci_items_custodian_idx ON ci_items (custodian_id, updated_at DESC, id DESC) WHERE custodian_id IS NOT NULL;
CREATE INDEX ci_items_service_idx ON ci_items (service_id, updated_at DESC, id DESC) WHERE service_id IS NOT NULL;
CREATE INDEX ci_items_department_idx ON ci_items (department_id, updated_at DESC, id DESC) WHERE department_id IS NOT NULL;
CREATE INDEX ci_items_location_idx ON ci_items (lower(location) text_pattern_ops) WHERE location <> '';
CREATE INDEX ci_items_criticality_idx ON ci_items (criticality, updated_at DESC, id DESC);
CREATE INDEX ci_items_stale_idx ON ci_items (updated_at DESC, id DESC) WHERE stale_at IS NOT NULL;
CREATE INDEX ci_items_reminder_idx ON ci_items (least(warranty_until, contract_until)) WHERE lifecycle NOT IN ('retired', 'disposed');
CREATE UNIQUE INDEX ci_items_source_key ON ci_items (source, source_key) WHERE source_key <> '';

-- What an item is found by exactly: its name and the values of its identifier
-- attributes, in one writing.
CREATE TABLE ci_identifiers (
    item_id uuid NOT NULL CONSTRAINT ci_identifiers_item_fkey REFERENCES ci_items (id) ON DELETE CASCADE,
    key     text NOT NULL,
    value   text NOT NULL,
    part    boolean NOT NULL DEFAULT false, -- of a part of the item, such as a network card, as an agent reported it
    CONSTRAINT ci_identifiers_pkey PRIMARY KEY (item_id, key, value)
);
CREATE INDEX ci_identifiers_value_idx ON ci_identifiers (value, key);

-- One row per value of a unique attribute: the database keeps them apart.
CREATE TABLE ci_unique_values (
    attribute_id uuid NOT NULL CONSTRAINT ci_unique_values_attribute_fkey REFERENCES ci_attributes (id),
    value        text NOT NULL,
    item_id      uuid NOT NULL CONSTRAINT ci_unique_values_item_fkey REFERENCES ci_items (id) ON DELETE CASCADE,
    CONSTRAINT ci_unique_values_pkey PRIMARY KEY (attribute_id, value)
);
CREATE INDEX ci_unique_values_item_idx ON ci_unique_values (item_id);

-- The whole state of an item after each change, with where the change came
-- from: what it was at any instant is one row.
CREATE TABLE ci_versions (
    item_id    uuid        NOT NULL,
    version    integer     NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   uuid        NOT NULL,
    actor_name text        NOT NULL,
    source     text        NOT NULL, -- person, import, agent, change
    source_ref text        NOT NULL, -- number of the change or name of the import
    state      jsonb       NOT NULL,
    CONSTRAINT ci_versions_pkey PRIMARY KEY (item_id, version),
    CONSTRAINT ci_versions_source CHECK (source IN ('person', 'import', 'agent', 'change'))
);
CREATE INDEX ci_versions_at_idx ON ci_versions (item_id, at DESC, version DESC);
CREATE TRIGGER ci_versions_append_only BEFORE UPDATE OR DELETE ON ci_versions FOR EACH ROW EXECUTE FUNCTION refuse_change();

INSERT INTO ci_classes (id, parent_id, key, name_zh, name_en, icon, abstract, position, identity, created_at, updated_at)
SELECT md5('ci.class:' || key)::uuid, CASE WHEN parent <> '' THEN md5('ci.class:' || parent)::uuid END, key, zh, en, icon, abstract, n, string_to_array(identity, ','), '2026-01-01Z', '2026-01-01Z'
FROM (VALUES
    (0, 'item', '', '配置项', 'Configuration item', 'category', true, 'name'),
    (1, 'hardware', 'item', '硬件', 'Hardware', 'server', true, 'uuid,serial_number+manufacturer,serial_number,asset_tag,mac,name'),
    (2, 'computer', 'hardware', '计算机', 'Computer', 'device-laptop', false, ''),
    (3, 'server', 'computer', '服务器', 'Server', 'server-2', false, ''),
    (4, 'network_device', 'hardware', '网络设备', 'Network device', 'topology-star-3', false, ''),
    (5, 'switch', 'network_device', '交换机', 'Switch', 'topology-star-3', false, ''),
    (6, 'router', 'network_device', '路由器', 'Router', 'topology-star-3', false, ''),
    (7, 'firewall', 'network_device', '防火墙', 'Firewall', 'shield-lock', false, ''),
    (8, 'access_point', 'network_device', '无线接入点', 'Access point', 'topology-star-3', false, ''),
    (9, 'storage', 'hardware', '存储', 'Storage', 'server', false, ''),
    (10, 'printer', 'hardware', '打印机', 'Printer', 'file-text', false, ''),
    (11, 'power', 'hardware', '供电设备', 'Power equipment', 'activity', false, ''),
    (12, 'software', 'item', '软件', 'Software', 'puzzle', false, 'name+version'),
    (13, 'application', 'item', '应用系统', 'Application', 'category', false, ''),
    (14, 'vm', 'item', '虚拟机', 'Virtual machine', 'stack-2', false, 'uuid,mac,name'),
    (15, 'cluster', 'item', '集群', 'Cluster', 'stack-2', false, ''),
    (16, 'service', 'item', '业务服务', 'Business service', 'link', false, ''),
    (17, 'network', 'item', '网络', 'Network', 'topology-star-3', false, 'prefix,name'),
    (18, 'circuit', 'item', '专线', 'Circuit', 'topology-star-3', false, 'circuit_id,name'),
    (19, 'place', 'item', '场所', 'Place', 'map-pin', true, ''),
    (20, 'site', 'place', '站点', 'Site', 'building', false, ''),
    (21, 'rack', 'place', '机柜', 'Rack', 'server', false, 'facility_id,name')
) AS c (n, key, parent, zh, en, icon, abstract, identity) ORDER BY n;

INSERT INTO ci_attributes (id, class_id, key, name_zh, name_en, type, required, is_unique, identifier, options, min, unit, position, created_at, updated_at)
SELECT md5('ci.attribute:' || class || '.' || key)::uuid, md5('ci.class:' || class)::uuid, key, zh, en, type, false, flags LIKE '%u%', flags LIKE '%i%', options::jsonb,
    CASE WHEN type = 'number' THEN 0 END, unit, row_number() OVER (), '2026-01-01Z', '2026-01-01Z'
FROM (VALUES
    ('hardware', 'manufacturer', '制造商', 'Manufacturer', 'text', '', '[]', ''),
    ('hardware', 'model', '型号', 'Model', 'text', '', '[]', ''),
    ('hardware', 'serial_number', '序列号', 'Serial number', 'text', 'i', '[]', ''),
    ('hardware', 'asset_tag', '资产编号', 'Asset tag', 'text', 'iu', '[]', ''),
    ('hardware', 'uuid', '硬件 UUID', 'Hardware UUID', 'text', 'i', '[]', ''),
    ('hardware', 'ip', 'IP 地址', 'IP address', 'ip', 'i', '[]', ''),
    ('hardware', 'mac', 'MAC 地址', 'MAC address', 'mac', 'i', '[]', ''),
    ('hardware', 'management_url', '管理地址', 'Management URL', 'url', '', '[]', ''),
    ('hardware', 'rack_position', '机柜位置', 'Rack position', 'text', '', '[]', ''),
    ('computer', 'os', '操作系统', 'Operating system', 'text', '', '[]', ''),
    ('computer', 'os_version', '系统版本', 'OS version', 'text', '', '[]', ''),
    ('computer', 'kernel', '内核版本', 'Kernel', 'text', '', '[]', ''),
    ('computer', 'cpu', '处理器', 'Processor', 'text', '', '[]', ''),
    ('computer', 'cores', '核心数', 'Cores', 'number', '', '[]', ''),
    ('computer', 'memory_mb', '内存', 'Memory', 'number', '', '[]', 'MB'),
    ('computer', 'disk_gb', '磁盘', 'Disk', 'number', '', '[]', 'GB'),
    ('computer', 'bios_version', 'BIOS 版本', 'BIOS version', 'text', '', '[]', ''),
    ('computer', 'last_user', '最近登录者', 'Last user', 'text', '', '[]', ''),
    ('computer', 'chassis', '机箱类型', 'Chassis', 'choice', '', '[{"value":"desktop","zh":"台式机","en":"Desktop"},{"value":"laptop","zh":"笔记本","en":"Laptop"},{"value":"server","zh":"服务器","en":"Server"},{"value":"tablet","zh":"平板","en":"Tablet"},{"value":"other","zh":"其他","en":"Other"}]', ''),
    ('network_device', 'firmware', '固件版本', 'Firmware', 'text', '', '[]', ''),
    ('network_device', 'ports', '端口数', 'Ports', 'number', '', '[]', ''),
    ('storage', 'capacity_gb', '容量', 'Capacity', 'number', '', '[]', 'GB'),
    ('printer', 'pages', '打印页数', 'Pages printed', 'number', '', '[]', ''),
    ('power', 'watts', '功率', 'Power', 'number', '', '[]', 'W'),
    ('software', 'vendor', '厂商', 'Vendor', 'text', '', '[]', ''),
    ('software', 'version', '版本', 'Version', 'text', 'i', '[]', ''),
    ('software', 'licences', '许可数', 'Licences', 'number', '', '[]', ''),
    ('software', 'licence_until', '许可到期', 'Licence until', 'date', '', '[]', ''),
    ('application', 'vendor', '厂商', 'Vendor', 'text', '', '[]', ''),
    ('application', 'version', '版本', 'Version', 'text', '', '[]', ''),
    ('application', 'url', '访问地址', 'URL', 'url', 'i', '[]', ''),
    ('application', 'environment', '环境', 'Environment', 'choice', '', '[{"value":"production","zh":"生产","en":"Production"},{"value":"test","zh":"测试","en":"Test"},{"value":"development","zh":"开发","en":"Development"}]', ''),
    ('vm', 'uuid', '虚拟机 UUID', 'VM UUID', 'text', 'i', '[]', ''),
    ('vm', 'ip', 'IP 地址', 'IP address', 'ip', 'i', '[]', ''),
    ('vm', 'mac', 'MAC 地址', 'MAC address', 'mac', 'i', '[]', ''),
    ('vm', 'os', '操作系统', 'Operating system', 'text', '', '[]', ''),
    ('vm', 'vcpus', '虚拟处理器', 'vCPUs', 'number', '', '[]', ''),
    ('vm', 'memory_mb', '内存', 'Memory', 'number', '', '[]', 'MB'),
    ('vm', 'disk_gb', '磁盘', 'Disk', 'number', '', '[]', 'GB'),
    ('cluster', 'cluster_type', '集群类型', 'Cluster type', 'text', '', '[]', ''),
    ('network', 'prefix', '网段', 'Prefix', 'text', 'i', '[]', ''),
    ('network', 'vlan', 'VLAN', 'VLAN', 'number', '', '[]', ''),
    ('circuit', 'circuit_id', '线路编号', 'Circuit ID', 'text', 'i', '[]', ''),
    ('circuit', 'provider', '运营商', 'Provider', 'text', '', '[]', ''),
    ('circuit', 'bandwidth_mbps', '带宽', 'Bandwidth', 'number', '', '[]', 'Mbit/s'),
    ('site', 'address', '地址', 'Address', 'text', '', '[]', ''),
    ('rack', 'facility_id', '机柜编号', 'Facility ID', 'text', 'i', '[]', ''),
    ('rack', 'units', '高度', 'Height', 'number', '', '[]', 'U')
) AS a (class, key, zh, en, type, flags, options, unit);
