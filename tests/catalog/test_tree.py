from __future__ import annotations

import pytest

from catalog.models import Category
from catalog.tree import CategoryTree
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_reads_the_tree_in_one_query(django_assert_num_queries):
    top = factories.category(slug="a")
    for _each in range(3):
        factories.category(parent=top)
    with django_assert_num_queries(1):
        tree = CategoryTree.load()
        assert tree.top == [top]
        assert len(tree.children(top)) == 3
        assert tree.trail(tree.children(top)[0])[0] == top


def test_it_finds_by_path_and_knows_the_subtree():
    top = factories.category(slug="art")
    below = factories.category(slug="new", parent=top)
    factories.category(slug="artful")
    tree = CategoryTree.load()
    assert tree.find("art/new") == below
    assert tree.find("new") is None
    assert tree.subtree_ids(top) == [top.pk, below.pk]


def test_it_leaves_out_what_lies_below_an_unpublished_category():
    top = factories.category(is_published=False)
    below = factories.category(parent=top)
    tree = CategoryTree.load()
    assert tree.top == []
    assert tree.get(below.pk) is None


def test_it_survives_a_ring_in_the_table():
    first, second = factories.category(slug="a"), factories.category(slug="b")
    Category.objects.filter(pk=first.pk).update(parent=second)
    Category.objects.filter(pk=second.pk).update(parent=first)
    assert CategoryTree.load().top == []


def test_it_reads_no_more_than_the_top_and_one_branch(django_assert_num_queries):
    flow, tile = factories.category(slug="flow"), factories.category(slug="tile")
    curl = factories.category(slug="curl", parent=flow)
    deep = factories.category(slug="deep", parent=curl)
    below = factories.category(slug="hex", parent=tile)
    with django_assert_num_queries(1):
        tree = CategoryTree.load_branch("flow/curl")
    assert tree.top == [flow, tile]
    assert tree.find("flow/curl/deep") == deep
    assert tree.get(below.pk) is None
    assert CategoryTree.load_branch().find("flow/curl") is None
    assert CategoryTree.load_branch("\0/flow").top == [flow, tile]


def test_it_takes_no_other_branch_for_the_one_asked_for():
    for slug in ("a_b", "a-b", "a_bc"):
        factories.category(slug="below", parent=factories.category(slug=slug))
    tree = CategoryTree.load_branch("a_b")
    assert [found for top in tree.top for found in tree.children(top)] == [tree.find("a_b/below")]
