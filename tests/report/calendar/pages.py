"""A page as a browser would read it."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Notes tags, and checks that they are closed in order and load nothing."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts, self.ids, self.labels = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        names = dict(attributes)
        assert not {"src", "href", "style"} & set(names)
        assert [name for name in names if name.startswith("on")] == []
        self.ids += [names["id"]] if "id" in names else []
        self.labels += names.get("aria-labelledby", "").split()

    def handle_startendtag(self, tag, _):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
