package servicerequest

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
)

// itemStore is all SQL of the catalogue.
type itemStore struct{}

const itemColumns = `id, version, state, category_id, service_id, name_zh, name_en, current_id, current_no, draft, draft_hash, draft_state, editors, remark,
	review_at, reviewed_by, reminded_at, created_by, created_at, updated_at`

func itemArgs(i *Item) db.Args {
	return db.Args{
		"id": i.ID, "version": i.Version, "state": i.State, "category": i.CategoryID, "service": i.ServiceID, "name_zh": i.NameZh, "name_en": i.NameEn,
		"current": i.CurrentID, "no": i.CurrentNo, "draft": i.Draft, "hash": i.DraftHash, "draft_state": i.DraftState, "editors": nonNil(i.Editors), "remark": i.Remark,
		"review": i.ReviewAt, "reviewed": i.ReviewedBy, "reminded": i.RemindedAt, "by": i.CreatedBy, "created": i.CreatedAt, "updated": i.UpdatedAt,
	}
}

func nonNil[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// Insert queues a new item.
func (itemStore) Insert(b *pgx.Batch, i *Item) {
	b.Queue(`INSERT INTO catalog_items (`+itemColumns+`) VALUES (@id, @version, @state, @category, @service, @name_zh, @name_en, @current, @no, @draft, @hash, @draft_state,
		@editors, @remark, @review, @reviewed, @reminded, @by, @created, @updated)`, itemArgs(i))
}

// Update queues the changed item.
func (itemStore) Update(b *pgx.Batch, i *Item) {
	b.Queue(`UPDATE catalog_items SET version = @version, state = @state, category_id = @category, service_id = @service, name_zh = @name_zh, name_en = @name_en,
			current_id = @current, current_no = @no, draft = @draft, draft_hash = @hash, draft_state = @draft_state, editors = @editors, remark = @remark,
			review_at = @review, reviewed_by = @reviewed, reminded_at = @reminded, created_by = @by, created_at = @created, updated_at = @updated
		WHERE id = @id AND version = @version - 1`, itemArgs(i))
}

// ForUpdate locks and reads one item.
func (itemStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Item, error) {
	rows, _ := tx.Query(ctx, `SELECT `+itemColumns+` FROM catalog_items WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Item])
}

func (itemStore) get(ctx context.Context, q db.Querier, id uuid.UUID) (Item, error) {
	rows, _ := q.Query(ctx, `SELECT `+itemColumns+` FROM catalog_items WHERE id = @id`, db.Args{"id": id})
	i, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Item])
	return i, db.Map(err)
}

const versionColumns = `id, item_id, no, content, hash, editors, approved_by, approved_at`

func (itemStore) version(ctx context.Context, q db.Querier, id uuid.UUID) (Version, error) {
	rows, _ := q.Query(ctx, `SELECT `+versionColumns+` FROM catalog_versions WHERE id = @id`, db.Args{"id": id})
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	return v, db.Map(err)
}

// versions lists the versions of an item, newest first.
func (itemStore) versions(ctx context.Context, q db.Querier, item uuid.UUID) ([]Version, error) {
	rows, _ := q.Query(ctx, `SELECT `+versionColumns+` FROM catalog_versions WHERE item_id = @item ORDER BY no DESC LIMIT 100`, db.Args{"item": item})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	return out, db.Map(err)
}

// addVersion queues a version with what lists need of it.
func (itemStore) addVersion(b *pgx.Batch, v Version) {
	var t search.Terms
	c := v.Content
	t.AddTitle(c.NameZh)
	t.AddTitle(c.NameEn)
	for _, s := range []string{c.SummaryZh, c.SummaryEn, c.TextZh, c.TextEn} {
		t.Add(s)
	}
	departments := append(slices.Clone(c.See.Departments), c.Order.Departments...)
	roles := append(slices.Clone(c.See.Roles), c.Order.Roles...)
	b.Queue(`INSERT INTO catalog_versions (`+versionColumns+`, everyone, departments, roles, terms)
		VALUES (@id, @item, @no, @content, @hash, @editors, @by, @at, @everyone, @departments, @roles, @terms::text::tsvector)`,
		db.Args{
			"id": v.ID, "item": v.ItemID, "no": v.No, "content": v.Content, "hash": v.Hash, "editors": v.Editors, "by": v.ApprovedBy, "at": v.ApprovedAt,
			"everyone": c.See.Everyone || c.Order.Everyone, "departments": nonNil(departments), "roles": nonNil(roles), "terms": t.Vector(),
		})
}

// Offer is an item as the catalogue lists it.
type Offer struct {
	ID         uuid.UUID  `db:"id"`
	CategoryID uuid.UUID  `db:"category_id"`
	NameZh     string     `db:"name_zh"`
	NameEn     string     `db:"name_en"`
	SummaryZh  string     `db:"summary_zh"`
	SummaryEn  string     `db:"summary_en"`
	Icon       string     `db:"icon"`
	Picture    *uuid.UUID `db:"picture"`
	Days       int        `db:"days"`
	Price      int64      `db:"price"`
	Approval   bool       `db:"approval"` // may need one
	Favourite  bool       `db:"favourite"`
}

// Name is what the item is called for a reader of a language.
func (o Offer) Name(lang string) string { return pick(lang, o.NameZh, o.NameEn) }

// Summary is the item in one line.
func (o Offer) Summary(lang string) string { return pick(lang, o.SummaryZh, o.SummaryEn) }

// viewer is who looks at the catalogue: their departments up to the top, and
// their roles.
type viewer struct {
	ID          uuid.UUID
	Departments []uuid.UUID
	Roles       []identity.Role
}

const maxOffers = 500

// offers lists what a viewer may see and, where asked, what the words find.
func (itemStore) offers(ctx context.Context, q db.Querier, w viewer, terms string, favourites bool) ([]Offer, error) {
	rows, _ := q.Query(ctx, `SELECT i.id, i.category_id, i.name_zh, i.name_en, v.content->>'summary_zh' AS summary_zh, v.content->>'summary_en' AS summary_en,
			v.content->>'icon' AS icon, (v.content->>'picture')::uuid AS picture, (v.content->>'days')::int AS days, (v.content->>'price')::bigint AS price,
			coalesce(jsonb_array_length(nullif(v.content->'steps', 'null')), 0) > 0 AS approval, f.person_id IS NOT NULL AS favourite
		FROM catalog_items i JOIN catalog_versions v ON v.id = i.current_id JOIN catalog_categories c ON c.id = i.category_id AND c.active
		LEFT JOIN catalog_favourites f ON f.item_id = i.id AND f.person_id = @me
		WHERE i.state = 'approved' AND (v.everyone OR v.departments && @departments OR v.roles && @roles::text[])
			AND (@terms = '' OR v.terms @@ @terms::text::tsquery) AND (NOT @favourites OR f.person_id IS NOT NULL)
		ORDER BY c.position, c.name_zh, i.name_zh, i.id LIMIT @limit`,
		db.Args{"me": w.ID, "departments": nonNil(w.Departments), "roles": nonNil(w.Roles), "terms": terms, "favourites": favourites, "limit": maxOffers})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Offer])
	return out, db.Map(err)
}

// viewer reads somebody's departments, up to the top, and roles.
func (itemStore) viewer(ctx context.Context, q db.Querier, person uuid.UUID, now time.Time) (viewer, error) {
	w := viewer{ID: person}
	err := q.QueryRow(ctx, `SELECT ARRAY(WITH RECURSIVE up AS (SELECT d.id, d.parent_id FROM departments d JOIN people p ON p.department_id = d.id WHERE p.id = @person
				UNION SELECT d.id, d.parent_id FROM departments d JOIN up ON d.id = up.parent_id) SELECT id FROM up),
			ARRAY(SELECT g.role FROM role_grants g WHERE g.person_id = @person AND `+identity.Granted+`)`,
		db.Args{"person": person, "now": now}).Scan(&w.Departments, &w.Roles)
	return w, db.Map(err)
}

// Managed is an item as its keepers list it.
type Managed struct {
	ID         uuid.UUID  `db:"id"`
	State      ItemState  `db:"state"`
	DraftState DraftState `db:"draft_state"`
	CategoryID uuid.UUID  `db:"category_id"`
	NameZh     string     `db:"name_zh"`
	NameEn     string     `db:"name_en"`
	CurrentNo  int        `db:"current_no"`
	ReviewAt   *time.Time `db:"review_at"`
	UpdatedAt  time.Time  `db:"updated_at"`
}

// Name is what the item is called for a reader of a language.
func (m Managed) Name(lang string) string { return pick(lang, m.NameZh, m.NameEn) }

// managed lists items for their keepers: of some services, or all.
func (itemStore) managed(ctx context.Context, q db.Querier, all bool, services []uuid.UUID) ([]Managed, error) {
	rows, _ := q.Query(ctx, `SELECT id, state, draft_state, category_id, name_zh, name_en, current_no, review_at, updated_at FROM catalog_items
		WHERE @all OR service_id = ANY(@services) ORDER BY state = 'retired', name_zh, name_en, id LIMIT @limit`, db.Args{"all": all, "services": nonNil(services), "limit": maxOffers})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Managed])
	return out, db.Map(err)
}

// dueForReview lists items whose review is due and nobody was reminded of.
func (itemStore) dueForReview(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM catalog_items WHERE state = 'approved' AND reminded_at IS NULL AND review_at <= @now ORDER BY review_at LIMIT @limit`,
		db.Args{"now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// keepers lists who answers for an item: the owner of its service and the
// service desk's leads.
func (itemStore) keepers(ctx context.Context, q db.Querier, service *uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT owner_id FROM services WHERE id = @service::uuid AND owner_id IS NOT NULL
		UNION SELECT g.person_id FROM role_grants g JOIN people p ON p.id = g.person_id AND p.active WHERE g.role = 'LEAD' AND `+identity.Granted, db.Args{"service": service, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

func (itemStore) favour(b *pgx.Batch, person, item uuid.UUID, on bool, now time.Time) {
	if on {
		b.Queue(`INSERT INTO catalog_favourites (person_id, item_id, at) VALUES (@person, @item, @now) ON CONFLICT DO NOTHING`, db.Args{"person": person, "item": item, "now": now})
		return
	}
	b.Queue(`DELETE FROM catalog_favourites WHERE person_id = @person AND item_id = @item`, db.Args{"person": person, "item": item})
}

func (itemStore) favourite(ctx context.Context, q db.Querier, person, item uuid.UUID) (on bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM catalog_favourites WHERE person_id = @person AND item_id = @item)`, db.Args{"person": person, "item": item}).Scan(&on)
	return on, db.Map(err)
}

// ServiceName is a business service that items belong to.
type ServiceName struct {
	ID      uuid.UUID  `db:"id"`
	NameZh  string     `db:"name_zh"`
	NameEn  string     `db:"name_en"`
	OwnerID *uuid.UUID `db:"owner_id"`
	TeamID  *uuid.UUID `db:"team_id"`
}

// Name is what the service is called for a reader of a language.
func (s ServiceName) Name(lang string) string { return pick(lang, s.NameZh, s.NameEn) }

func (itemStore) services(ctx context.Context, q db.Querier) ([]ServiceName, error) {
	rows, _ := q.Query(ctx, `SELECT id, name_zh, name_en, owner_id, team_id FROM services WHERE active ORDER BY name_zh, name_en, id LIMIT 1000`, db.Args{})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[ServiceName])
	return out, db.Map(err)
}

// ItemName is an item of the catalogue by name.
type ItemName struct {
	ID     uuid.UUID `db:"id"`
	NameZh string    `db:"name_zh"`
	NameEn string    `db:"name_en"`
}

// named lists the items that were ever in force, by name.
func (itemStore) named(ctx context.Context, q db.Querier) ([]ItemName, error) {
	rows, _ := q.Query(ctx, `SELECT id, name_zh, name_en FROM catalog_items WHERE current_id IS NOT NULL ORDER BY name_zh, name_en, id LIMIT 1000`, db.Args{})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[ItemName])
	return out, db.Map(err)
}

// categoryStore is the SQL of the catalogue's categories.
type categoryStore struct{}

const categoryColumns = `id, version, name_zh, name_en, icon, position, active, created_at, updated_at`

func categoryArgs(c *Category) db.Args {
	return db.Args{"id": c.ID, "version": c.Version, "name_zh": c.NameZh, "name_en": c.NameEn, "icon": c.Icon, "position": c.Position, "active": c.Active, "created": c.CreatedAt, "updated": c.UpdatedAt}
}

// Insert queues a new category.
func (categoryStore) Insert(b *pgx.Batch, c *Category) {
	b.Queue(`INSERT INTO catalog_categories (`+categoryColumns+`) VALUES (@id, @version, @name_zh, @name_en, @icon, @position, @active, @created, @updated)`, categoryArgs(c))
}

// Update queues the changed category.
func (categoryStore) Update(b *pgx.Batch, c *Category) {
	b.Queue(`UPDATE catalog_categories SET version = @version, name_zh = @name_zh, name_en = @name_en, icon = @icon, position = @position, active = @active, created_at = @created,
		updated_at = @updated WHERE id = @id AND version = @version - 1`, categoryArgs(c))
}

// ForUpdate locks and reads one category.
func (categoryStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Category, error) {
	rows, _ := tx.Query(ctx, `SELECT `+categoryColumns+` FROM catalog_categories WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Category])
}

func (categoryStore) list(ctx context.Context, q db.Querier) ([]Category, error) {
	rows, _ := q.Query(ctx, `SELECT `+categoryColumns+` FROM catalog_categories ORDER BY position, name_zh, id LIMIT 200`, db.Args{})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Category])
	return out, db.Map(err)
}

func (itemStore) addPicture(b *pgx.Batch, p Picture, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO catalog_pictures (id, media_type, body, created_by, created_at) VALUES (@id, @type, @body, @by, @now)`,
		db.Args{"id": p.ID, "type": p.MediaType, "body": p.Body, "by": by, "now": now})
}

func (itemStore) picture(ctx context.Context, q db.Querier, id uuid.UUID) (Picture, error) {
	rows, _ := q.Query(ctx, `SELECT id, media_type, body FROM catalog_pictures WHERE id = @id`, db.Args{"id": id})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Picture])
	return p, db.Map(err)
}
