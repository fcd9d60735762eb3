// Verifies an export with golang.org/x/mod/sumdb, which shares nothing with this project: the note,
// the root from the tiles, each bundle against its tile, and inclusion of its first and last leaf.
//
//	sumdb-verify DIR
//
// Built without modules, from Debian's golang-golang-x-mod-dev.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type folder string

func (f folder) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), filepath.FromSlash(name)))
}

// tlog-tiles leaves out the height, which is always 8.
func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := f.read("tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) checkpoint() (tlog.Tree, error) {
	var tree tlog.Tree
	vkey, err := f.read("log.vkey")
	if err != nil {
		return tree, err
	}
	verifier, err := note.NewVerifier(strings.TrimSuffix(string(vkey), "\n"))
	if err != nil {
		return tree, err
	}
	text, err := f.read("checkpoint")
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("not a root: %s", lines[2])
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

// The leaves of a bundle, by their hashes.
func (f folder) bundle(tile tlog.Tile) ([]tlog.Hash, error) {
	name := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := f.read(name)
	if err != nil {
		return nil, err
	}
	var hashes []tlog.Hash
	for i := 0; i < tile.W; i++ {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s ends in entry %d", name, i)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		hashes = append(hashes, tlog.RecordHash(data[2:end]))
		data = data[end:]
	}
	if len(data) != 0 {
		return nil, fmt.Errorf("%s has more than its entries", name)
	}
	return hashes, nil
}

func (f folder) checkBundle(tree tlog.Tree, reader tlog.HashReader, first int64) error {
	width := tree.N - first
	if width > 1<<height {
		width = 1 << height
	}
	tile := tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)}
	leaves, err := f.bundle(tile)
	if err != nil {
		return err
	}
	data, err := f.ReadTiles([]tlog.Tile{tile})
	if err != nil {
		return err
	}
	for i, leaf := range leaves {
		stored, err := tlog.HashFromTile(tile, data[0], tlog.StoredHashIndex(0, first+int64(i)))
		if err != nil || stored != leaf {
			return fmt.Errorf("leaf %d is not what %s has: %v", first+int64(i), tile.Path(), err)
		}
	}
	for _, i := range []int64{0, width - 1} {
		proof, err := tlog.ProveRecord(tree.N, first+i, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, first+i, leaves[i]); err != nil {
			return fmt.Errorf("leaf %d: %v", first+i, err)
		}
	}
	return nil
}

func (f folder) verify() (int64, error) {
	tree, err := f.checkpoint()
	if err != nil {
		return 0, err
	}
	// Of no leaves the library has zeroes, where RFC 6962 has the hash of nothing.
	if tree.N == 0 {
		if tree.Hash != tlog.Hash(sha256.Sum256(nil)) {
			return 0, fmt.Errorf("not the root of no leaves")
		}
		return 0, nil
	}
	reader := tlog.TileHashReader(tree, f)
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return 0, err
	}
	if root != tree.Hash {
		return 0, fmt.Errorf("the tiles make another root")
	}
	for first := int64(0); first < tree.N; first += 1 << height {
		if err := f.checkBundle(tree, reader, first); err != nil {
			return 0, err
		}
	}
	return tree.N, nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "sumdb-verify DIR")
		os.Exit(64)
	}
	size, err := folder(os.Args[1]).verify()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(size)
}
