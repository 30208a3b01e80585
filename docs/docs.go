// Package docs holds the documentation, which `quick-deploy help` shows.
package docs

import "embed"

// Files are the documents.
//
//go:embed *.md
var Files embed.FS

// Recipes is recipes.md: whole profiles to copy.
//
//go:embed recipes.md
var Recipes string
