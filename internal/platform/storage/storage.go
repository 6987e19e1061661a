// Package storage keeps files by the hash of their content under one folder.
// The same content is stored once; a name can never lead out of the folder.
package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"

	"opsdesk/internal/platform/fault"
)

// Store is a folder of files.
type Store struct{ root *os.Root }

// Open makes the folder if it is missing.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := root.Mkdir("tmp", 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return &Store{root}, nil
}

// Close releases the folder.
func (s *Store) Close() error { return s.root.Close() }

// Put stores at most limit bytes of r durably and returns their SHA-256 and
// number. More is a TooLarge fault, and nothing is kept.
func (s *Store) Put(r io.Reader, limit int64, name string) (sum string, size int64, err error) {
	tmp := "tmp/" + name
	f, err := s.root.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.root.Remove(tmp))
		}
	}()
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, h), io.LimitReader(r, limit+1))
	if err == nil && size > limit {
		err = fault.New(fault.TooLarge, "error.too_large")
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", 0, err
	}
	sum = hex.EncodeToString(h.Sum(nil))
	if err = s.root.Mkdir(sum[:2], 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", 0, err
	}
	if err = s.root.Rename(tmp, path(sum)); err != nil {
		return "", 0, err
	}
	return sum, size, nil
}

// Open reads a stored file.
func (s *Store) Open(sum string) (*os.File, error) {
	if len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" {
		return nil, os.ErrNotExist
	}
	return s.root.Open(path(sum))
}

// Remove deletes a stored file; one that is gone already is no error.
func (s *Store) Remove(sum string) error {
	err := s.root.Remove(path(sum))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func path(sum string) string { return sum[:2] + "/" + sum }
