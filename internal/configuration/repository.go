package configuration

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
)

// repository is the only code that knows the tables of items.
type repository struct{}

// many reads rows into values by the names of their columns.
func many[T any](ctx context.Context, q db.Querier, sql string, args ...any) ([]T, error) {
	rows, _ := q.Query(ctx, sql, args...)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	return out, db.Map(err)
}

// single is many of exactly one row: NotFound where there is none.
func single[T any](ctx context.Context, q db.Querier, sql string, args ...any) (T, error) {
	rows, _ := q.Query(ctx, sql, args...)
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	return out, db.Map(err)
}

const itemColumns = `id, version, number, name, description, class_id, lifecycle, operational, install, criticality, owner_id, custodian_id, department_id, service_id, team_id,
	location, supplier, contract, contract_until, warranty_until, reminded_until, redundancy, attributes, locks, origins, source, source_key, stale_at, verified_at, verified_by,
	created_by, created_at, updated_at`

func itemArgs(i *Item) db.Args {
	if i.Locks == nil {
		i.Locks = []string{}
	}
	if i.Attributes == nil {
		i.Attributes = Values{}
	}
	if i.Origins == nil {
		i.Origins = map[string]string{}
	}
	return db.Args{
		"id": i.ID, "version": i.Version, "number": i.Number, "name": i.Name, "description": i.Description, "class_id": i.ClassID, "lifecycle": i.Lifecycle,
		"operational": i.Operational, "install": i.Install, "criticality": i.Criticality, "owner_id": i.OwnerID, "custodian_id": i.CustodianID,
		"department_id": i.DepartmentID, "service_id": i.ServiceID, "team_id": i.TeamID, "location": i.Location, "supplier": i.Supplier, "contract": i.Contract,
		"contract_until": i.ContractUntil, "warranty_until": i.WarrantyUntil, "reminded_until": i.RemindedUntil, "redundancy": i.Redundancy, "attributes": i.Attributes,
		"locks": i.Locks, "origins": i.Origins, "source": i.Source, "source_key": i.SourceKey, "stale_at": i.StaleAt, "verified_at": i.VerifiedAt, "verified_by": i.VerifiedBy,
		"created_by": i.CreatedBy, "created_at": i.CreatedAt, "updated_at": i.UpdatedAt,
	}
}

// Insert queues a new item, its first version and what it is found by.
func (r repository) Insert(b *pgx.Batch, i *Item) {
	b.Queue(`INSERT INTO ci_items (`+itemColumns+`) VALUES (@id, @version, @number, @name, @description, @class_id, @lifecycle, @operational, @install, @criticality,
		@owner_id, @custodian_id, @department_id, @service_id, @team_id, @location, @supplier, @contract, @contract_until, @warranty_until, @reminded_until, @redundancy,
		@attributes, @locks, @origins, @source, @source_key, @stale_at, @verified_at, @verified_by, @created_by, @created_at, @updated_at)`, itemArgs(i))
	r.found(b, i, true)
	r.keep(b, i)
	search.Queue(b, i.doc())
}

// Update queues the changed item, its version and what it is found by.
func (r repository) Update(b *pgx.Batch, i *Item) {
	b.Queue(`UPDATE ci_items SET version = @version, number = @number, name = @name, description = @description, class_id = @class_id, lifecycle = @lifecycle,
			operational = @operational, install = @install, criticality = @criticality, owner_id = @owner_id, custodian_id = @custodian_id,
			department_id = @department_id, service_id = @service_id, team_id = @team_id, location = @location, supplier = @supplier, contract = @contract,
			contract_until = @contract_until, warranty_until = @warranty_until, reminded_until = @reminded_until, redundancy = @redundancy, attributes = @attributes,
			locks = @locks, origins = @origins, source = @source, source_key = @source_key, stale_at = @stale_at, verified_at = @verified_at, verified_by = @verified_by,
			created_by = @created_by, created_at = @created_at, updated_at = @updated_at
		WHERE id = @id AND version = @version - 1`, itemArgs(i))
	r.found(b, i, false)
	r.keep(b, i)
	search.QueueUpdate(b, i.doc())
}

// found queues the values that find the item, and those that it alone has.
func (repository) found(b *pgx.Batch, i *Item, fresh bool) {
	var keys, values, texts []string
	for _, x := range i.exact {
		keys, values = append(keys, x.Key), append(values, x.Value)
	}
	var attributes []uuid.UUID
	for a, v := range i.uniques {
		attributes, texts = append(attributes, a), append(texts, v)
	}
	if !fresh {
		b.Queue(`DELETE FROM ci_identifiers d WHERE item_id = @id AND NOT part
			AND NOT EXISTS (SELECT 1 FROM unnest(@keys::text[], @values::text[]) x (k, v) WHERE x.k = d.key AND x.v = d.value)`, db.Args{"id": i.ID, "keys": keys, "values": values})
		b.Queue(`DELETE FROM ci_unique_values WHERE item_id = @id`, db.Args{"id": i.ID})
	}
	b.Queue(`INSERT INTO ci_identifiers (item_id, key, value) SELECT @id, k, v FROM unnest(@keys::text[], @values::text[]) x (k, v)
		ON CONFLICT (item_id, key, value) DO UPDATE SET part = false WHERE ci_identifiers.part`, db.Args{"id": i.ID, "keys": keys, "values": values})
	if len(attributes) > 0 {
		b.Queue(`INSERT INTO ci_unique_values (attribute_id, value, item_id) SELECT a, v, @id FROM unnest(@attributes::uuid[], @values::text[]) x (a, v)`,
			db.Args{"id": i.ID, "attributes": attributes, "values": texts})
	}
}

// keep queues the item's state as a version of its history.
func (repository) keep(b *pgx.Batch, i *Item) {
	b.Queue(`INSERT INTO ci_versions (item_id, version, at, actor_id, actor_name, source, source_ref, state)
		VALUES (@id, @version, @at, @actor, @name, @source, @ref, @state)`, db.Args{
		"id": i.ID, "version": i.Version, "at": i.UpdatedAt, "actor": i.Cause.ActorID, "name": i.Cause.ActorName, "source": i.Cause.Source, "ref": i.Cause.Ref, "state": i.state(),
	})
}

// ForUpdate locks and reads one item.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Item, error) {
	rows, _ := tx.Query(ctx, `SELECT `+itemColumns+` FROM ci_items WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Item])
}

func (repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Item, error) {
	return single[Item](ctx, q, `SELECT `+itemColumns+` FROM ci_items WHERE id = @id`, db.Args{"id": id})
}

// idOf finds an item by its number; access is checked afterwards.
func (repository) idOf(ctx context.Context, q db.Querier, number int64) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM ci_items WHERE number = @number`, db.Args{"number": number}).Scan(&id)
	return id, db.Map(err)
}

func (repository) nextNumber(ctx context.Context, q db.Querier) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT nextval('ci_numbers')`).Scan(&n)
	return n, db.Map(err)
}

// known says which of the people, departments, services, teams and items that
// an item refers to exist and are active.
func (repository) known(ctx context.Context, q db.Querier, people, departments, services, teams, items []uuid.UUID) (map[uuid.UUID]bool, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM people WHERE active AND id = ANY(@people) UNION ALL SELECT id FROM departments WHERE active AND id = ANY(@departments)
		UNION ALL SELECT id FROM services WHERE active AND id = ANY(@services) UNION ALL SELECT id FROM teams WHERE active AND id = ANY(@teams)
		UNION ALL SELECT id FROM ci_items WHERE id = ANY(@items)`,
		db.Args{"people": people, "departments": departments, "services": services, "teams": teams, "items": items})
	out := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, db.Map(err)
}

// classesOf reads the class of items.
func (repository) classesOf(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id, class_id FROM ci_items WHERE id = ANY(@ids)`, db.Args{"ids": ids})
	out := map[uuid.UUID]uuid.UUID{}
	var id, class uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id, &class}, func() error { out[id] = class; return nil })
	return out, db.Map(err)
}

// taken lists which of the unique values other items have.
func (repository) taken(ctx context.Context, q db.Querier, i *Item) (map[uuid.UUID]int64, error) {
	var attributes []uuid.UUID
	var values []string
	for a, v := range i.uniques {
		attributes, values = append(attributes, a), append(values, v)
	}
	out := map[uuid.UUID]int64{}
	if len(values) == 0 {
		return out, nil
	}
	rows, _ := q.Query(ctx, `SELECT u.attribute_id, c.number FROM unnest(@attributes::uuid[], @values::text[]) x (a, v)
		JOIN ci_unique_values u ON u.attribute_id = x.a AND u.value = x.v JOIN ci_items c ON c.id = u.item_id WHERE u.item_id <> @id`,
		db.Args{"attributes": attributes, "values": values, "id": i.ID})
	var a uuid.UUID
	var n int64
	_, err := pgx.ForEachRow(rows, []any{&a, &n}, func() error { out[a] = n; return nil })
	return out, db.Map(err)
}

// openWork counts the open tickets that name the item as affected. Changes do
// not count: one of them may be what retires it.
func (repository) openWork(ctx context.Context, q db.Querier, id uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM record_links l JOIN records r ON r.id = l.from_id WHERE l.to_id = @id AND l.relation = 'affects' AND r.kind <> 'change' AND r.category IN ('new', 'active', 'pending')`,
		db.Args{"id": id}).Scan(&n)
	return n, db.Map(err)
}

// model reads all classes and attributes: a few hundred rows at most.
func (repository) model(ctx context.Context, q db.Querier) (Model, error) {
	rows, _ := q.Query(ctx, `SELECT `+classColumns+` FROM ci_classes LIMIT 2000`)
	classes, err := pgx.CollectRows(rows, pgx.RowToStructByName[Class])
	if err != nil {
		return Model{}, db.Map(err)
	}
	rows, _ = q.Query(ctx, `SELECT `+attributeColumns+` FROM ci_attributes LIMIT 20000`)
	attributes, err := pgx.CollectRows(rows, pgx.RowToStructByName[Attribute])
	return newModel(classes, attributes), db.Map(err)
}

const classColumns = `id, version, parent_id, key, name_zh, name_en, icon, abstract, active, position, identity, created_at, updated_at`

// classStore lets classes be written through work.
type classStore struct{}

func classArgs(c *Class) db.Args {
	if c.Identity == nil {
		c.Identity = []string{}
	}
	return db.Args{
		"id": c.ID, "version": c.Version, "parent": c.ParentID, "key": c.Key, "zh": c.NameZh, "en": c.NameEn, "icon": c.Icon, "abstract": c.Abstract, "active": c.Active,
		"position": c.Position, "identity": c.Identity, "created": c.CreatedAt, "updated": c.UpdatedAt,
	}
}

func (classStore) Insert(b *pgx.Batch, c *Class) {
	b.Queue(`INSERT INTO ci_classes (`+classColumns+`) VALUES (@id, @version, @parent, @key, @zh, @en, @icon, @abstract, @active, @position, @identity, @created, @updated)`, classArgs(c))
}

func (classStore) Update(b *pgx.Batch, c *Class) {
	b.Queue(`UPDATE ci_classes SET version = @version, parent_id = @parent, key = @key, name_zh = @zh, name_en = @en, icon = @icon, abstract = @abstract, active = @active,
		position = @position, identity = @identity, created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, classArgs(c))
}

func (classStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Class, error) {
	rows, _ := tx.Query(ctx, `SELECT `+classColumns+` FROM ci_classes WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Class])
}

const attributeColumns = `id, version, class_id, key, name_zh, name_en, type, required, is_unique, identifier, options, ref_class_id, pattern, min, max, unit, position, active, created_at, updated_at`

// attributeStore lets attributes be written through work.
type attributeStore struct{}

func attributeArgs(a *Attribute) db.Args {
	options, err := json.Marshal(a.Options)
	if err != nil || a.Options == nil {
		options = []byte("[]") // choices are plain texts, which always encode
	}
	return db.Args{
		"id": a.ID, "version": a.Version, "class": a.ClassID, "key": a.Key, "zh": a.NameZh, "en": a.NameEn, "type": a.Type, "required": a.Required, "unique": a.Unique,
		"identifier": a.Identifier, "options": options, "ref": a.RefClassID, "pattern": a.Pattern, "min": a.Min, "max": a.Max, "unit": a.Unit, "position": a.Position,
		"active": a.Active, "created": a.CreatedAt, "updated": a.UpdatedAt,
	}
}

func (attributeStore) Insert(b *pgx.Batch, a *Attribute) {
	b.Queue(`INSERT INTO ci_attributes (`+attributeColumns+`) VALUES (@id, @version, @class, @key, @zh, @en, @type, @required, @unique, @identifier, @options, @ref, @pattern, @min, @max,
		@unit, @position, @active, @created, @updated)`, attributeArgs(a))
}

func (attributeStore) Update(b *pgx.Batch, a *Attribute) {
	b.Queue(`UPDATE ci_attributes SET version = @version, class_id = @class, key = @key, name_zh = @zh, name_en = @en, type = @type, required = @required, is_unique = @unique,
		identifier = @identifier, options = @options, ref_class_id = @ref, pattern = @pattern, min = @min, max = @max, unit = @unit, position = @position, active = @active,
		created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, attributeArgs(a))
}

func (attributeStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Attribute, error) {
	rows, _ := tx.Query(ctx, `SELECT `+attributeColumns+` FROM ci_attributes WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Attribute])
}

// used reports whether any item has a class, or a value of an attribute.
func (repository) classUsed(ctx context.Context, q db.Querier, classes []uuid.UUID) (used bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM ci_items WHERE class_id = ANY(@classes))`, db.Args{"classes": classes}).Scan(&used)
	return used, db.Map(err)
}

func (repository) attributeUsed(ctx context.Context, q db.Querier, classes []uuid.UUID, key string) (used bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM ci_items WHERE class_id = ANY(@classes) AND attributes ? @key)`, db.Args{"classes": classes, "key": key}).Scan(&used)
	return used, db.Map(err)
}
