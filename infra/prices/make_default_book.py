#!/usr/bin/env python3
"""Makes the price book that ships with the product.

    make_default_book.py GENAI_PRICES.json[.gz] LITELLM.json[.gz] DATE > src/TokenStream/Pricing/DefaultPriceBook.yaml

The list prices come from genai-prices (`prices/new_data/v2/data.json` of pydantic/genai-prices, MIT), all providers and models. LiteLLM's
price map (`model_prices_and_context_window.json`, MIT) adds what it lacks, the prices of the tiers batch, flex and priority: for those
models only whose standard prices both sources agree on, so that the two cannot contradict each other in one book. DATE is the day whose
prices the sources hold. Numbers are copied as decimals, never through floating point; what a source does not say is not made up, with one
stated exception: see `cached_input` below.
"""
import gzip
import json
import re
import sys
from decimal import Decimal

# Keys of genai-prices (USD per million tokens) and what they are called in our book.
TOKENS = {
    "input_mtok": "input",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "input_audio_tokens",
    "input_image_mtok": "input_image_tokens",
    "input_video_mtok": "input_video_tokens",
    "cache_audio_read_mtok": "cached_audio_tokens",
    "cache_image_read_mtok": "cached_image_tokens",
    "output_audio_mtok": "output_audio_tokens",
    "output_image_mtok": "output_image_tokens",
    "output_video_mtok": "output_video_tokens",
}
OTHERS = {
    "web_searches_kcount": ("per_thousand", "web_searches"),
    "requests_kcount": ("per_thousand", "requests"),
    "output_citation_mtok": ("per_million", "citation_tokens"),
}

# Keys of LiteLLM (USD per token), by our name; a tier's price stands under the key with the tier's suffix.
LITELLM_TOKENS = {
    "input": "input_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "output": "output_cost_per_token",
}
LITELLM_TIERS = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}
LITELLM_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google", "vertex_ai-language-models": "google", "xai": "x-ai"}

# Further names under which gateways and OpenTelemetry report the providers.
PROVIDER_NAMES = {
    "aws": ["bedrock_converse"],
    "azure": ["azure_ai", "azure.*", "az.ai.*", "*azure*"],
    "google": ["gcp.*"],
    "mistral": ["mistralai"],
    "moonshotai": [],
    "x-ai": ["x_ai"],
    "zai": ["z_ai", "z-ai"],
    "fireworks": ["fireworks_ai", "fireworks-ai"],
    "together": ["together", "togetherai"],
    "perplexity": ["perplexity-ai"],
    "deepseek": ["deepseek-ai"],
    "groq": ["groqcloud"],
}

# The models that people mean of a provider when they name none: the source's `model_match`, as patterns.
MAKES = {
    "anthropic": ["claude*"],
    "cohere": ["command-*"],
    "deepseek": ["deepseek*"],
    "google": ["gemini*"],
    "minimax": ["minimax*"],
    "mistral": ["mistral*", "codestral*", "devstral*", "magistral*", "ministral*"],
    "moonshotai": ["kimi*", "moonshot*"],
    "openai": ["gpt-*", "o1*", "o3*", "o4*"],
    "voyageai": ["voyage-*"],
    "x-ai": ["grok*"],
    "zhipuai": ["glm-*"],
}


def load(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file, parse_float=Decimal)


def number(value):
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def patterns(match):
    """The names of a model: a star stands for any characters, a hash for one digit."""
    (kind, value), = match.items()
    if kind == "or":
        return [name for part in value for name in patterns(part)]
    if kind == "regex":
        anchored = value.removeprefix("^")
        if anchored == value:
            raise ValueError(f"an expression without an anchor: {value}")
        name = re.sub(r"\\d\{(\d+)\}", lambda digits: "#" * int(digits[1]), anchored).replace(r"\d", "#").replace(r"\.", ".")
        name = name[:-1] if name.endswith("$") else name + "*"
        if re.search(r"[\\^$()\[\]{}|+?]", name):
            raise ValueError(f"an expression that no pattern can say: {value}")
        return [name.lower()]
    return [{"equals": "{}", "starts_with": "{}*", "ends_with": "*{}", "contains": "*{}*"}[kind].format(value).lower()]


def rates(prices):
    """Rates of all requests and, by number of input tokens, of those above it."""
    base, above, others = {}, {}, {}
    for key, value in prices.items():
        if key in OTHERS:
            per, unit = OTHERS[key]
            others.setdefault(per, {})[unit] = number(value)
            continue
        name = TOKENS[key]
        if isinstance(value, dict):
            for tier in value["tiers"]:
                above.setdefault(tier["start"], {})[name] = number(tier["price"])
            value = value["base"]
        base[name] = number(value)
    # Where the source has no price of cached tokens it charges them as input, which is the most they can cost. Cache writes cost more than
    # input where they cost anything, so nothing is assumed for them.
    for band in [base, *above.values()]:
        if "input" in band and "cached_input" not in base:
            band.setdefault("cached_input", band["input"])
    return base, above, others


def fields(entry, order):
    return ", ".join(f"{name}: {entry[name]}" for name in order if name in entry)


def line(when, base, above, others):
    order = list(TOKENS.values())
    parts = [f"{key}: {value}" for key, value in when.items()]
    if base:
        parts.append(fields(base, order))
    for per, units in others.items():
        parts.append(f"{per}: {{{', '.join(f'{unit}: {price}' for unit, price in units.items())}}}")
    if above:
        bands = ", ".join(f"{tokens}: {{{fields(band, order)}}}" for tokens, band in sorted(above.items()))
        parts.append(f"above: {{{bands}}}")
    return "          - {" + ", ".join(parts) + "}"


def entries(model):
    prices = model["prices"]
    if not prices and model["id"].endswith(":free"):
        yield {}, {"input": "0", "cached_input": "0", "output": "0"}, {}, {}
        return
    if isinstance(prices, dict):
        prices = [{"prices": prices}]
    for price in prices:
        when = {}
        constraint = price.get("constraint") or {}
        if "start_date" in constraint:
            when["since"] = constraint["start_date"]
        if "start_time" in constraint:
            hours = [re.fullmatch(r"(\d\d:\d\d):00Z", constraint[key])[1] for key in ("start_time", "end_time")]
            when["hours"] = f'"{hours[0]}-{hours[1]}"'
        yield (when, *rates(price["prices"]))


def matches(pattern, name):
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\#", "[0-9]")
    return re.fullmatch(expression, name) is not None


def named(model):
    """
    A model's id and its other names. In our book an id is a name too; where the source's is not, as with those of Fireworks, its first
    literal name stands in.
    """
    names = list(dict.fromkeys(patterns(model["match"])))
    literals = [name for name in names if not set("*#") & set(name)]
    known = any(matches(name, model["id"].lower()) for name in names)
    identity = model["id"] if known or not literals else literals[0]
    return identity, [name for name in names if name != identity.lower()]


def find(models, name):
    """The model that the product would find: a literal name first, then the pattern that fixes most characters."""
    found = []
    for index, (identity, names, _) in enumerate(models):
        for pattern in [identity.lower(), *names]:
            if matches(pattern, name.lower()) or pattern == name.lower():
                literal = not set("*#") & set(pattern) or pattern == identity.lower()
                found.append((not literal, -len(pattern.replace("*", "")), index))
    return min(found)[2] if found else None


def current(prices, date):
    """The price that holds on a day; of those that change within the day, the first."""
    return [price for price in prices if price[0].get("since", "") <= date and "hours" not in price[0]][-1]


def tiers(models, litellm, provider, date):
    """The tier prices of each model (by index) on which all of LiteLLM's names of it agree."""
    found = {}
    for key, info in litellm.items():
        if LITELLM_PROVIDERS.get(info.get("litellm_provider")) != provider:
            continue
        index = find(models, key.split("/")[-1])
        if index is None:
            continue
        (_, base, above, _) = current(models[index][2], date)

        def per_million(name):
            return number(Decimal(info[name]) * 1_000_000) if name in info else None

        if any(per_million(LITELLM_TOKENS[name]) != base.get(name) for name in ("input", "output")):
            continue
        for tier, suffix in LITELLM_TIERS.items():
            prices = {name: per_million(own + suffix) for name, own in LITELLM_TOKENS.items() if own + suffix in info}
            bands = {}
            for name, own in LITELLM_TOKENS.items():
                for extra in info:
                    band = re.fullmatch(re.escape(own) + r"_above_(\d+)k_tokens" + suffix, extra)
                    if band:
                        bands.setdefault(int(band[1]) * 1000, {})[name] = per_million(extra)
            if "input" in prices and "output" in prices and (bands or not above):
                found.setdefault(index, {}).setdefault(tier, []).append((prices, bands))
    return {
        index: {tier: offers[0] for tier, offers in by_tier.items() if all(offer == offers[0] for offer in offers)}
        for index, by_tier in found.items()
    }


def quoted(names):
    return ", ".join(f'"{name}"' for name in names)


def main():
    genai, litellm, date = load(sys.argv[1]), load(sys.argv[2]), sys.argv[3]
    print("# The price book that ships with the product. Made by infra/prices/make_default_book.py: change that, not this.")
    print("# List prices in USD per million tokens: genai-prices, Copyright (c) Pydantic Services Inc. 2025 to present, MIT licence.")
    print("# Prices of the tiers batch, flex and priority: LiteLLM, Copyright (c) 2023 Berri AI, MIT licence.")
    print("# Where the source has no price of cached tokens, cached_input is what input costs, as the source has it.")
    print("name: default")
    print(f"date: {date}")
    print('source: "pydantic/genai-prices (MIT) of this date; service tiers from BerriAI/litellm (MIT), July 2026"')
    print("currency: USD")
    print("providers:")
    literals_of_providers = {provider["id"] for provider in genai}
    for provider in genai:
        print(f"  {provider['id']}:")
        names = patterns(provider["provider_match"]) if "provider_match" in provider and "and" not in provider["provider_match"] else []
        if "and" in provider.get("provider_match", {}):
            parts = [part["contains"] for part in provider["provider_match"]["and"]]
            names = [f"*{'*'.join(parts)}*"]
        names = [name for name in dict.fromkeys(names + PROVIDER_NAMES.get(provider["id"], [])) if name not in literals_of_providers]
        if names:
            print(f"    names: [{quoted(names)}]")
        if provider["id"] in MAKES:
            print(f"    makes: [{quoted(MAKES[provider['id']])}]")
        if provider.get("fallback_model_providers"):
            print(f"    fallback: [{', '.join(provider['fallback_model_providers'])}]")
        print("    models:")
        seen, models = set(), []
        for model in provider["models"]:
            # No price at all says that a model is free where its name does too; elsewhere it says nothing, so it stays unpriced.
            if not model["prices"] and not model["id"].endswith(":free"):
                print(f"{provider['id']}: {model['id']} has no price", file=sys.stderr)
                continue
            identity, names = named(model)
            names = [name for name in names if name not in seen]
            if identity.lower() in seen:
                print(f"{provider['id']}: {identity} is named before", file=sys.stderr)
                continue
            seen.update(names, [identity.lower()])
            models.append((identity, names, list(entries(model))))
        offers = tiers(models, litellm, provider["id"], date)
        for index, (identity, names, prices) in enumerate(models):
            print(f'      "{identity}":')
            if names:
                print(f"        names: [{quoted(names)}]")
            print("        prices:")
            for price in prices:
                print(line(*price))
            for tier, (base, above) in offers.get(index, {}).items():
                standard = current(prices, date)
                later = [price[0]["since"] for price in prices if price[0].get("since", "") > date]
                until = {"until": later[0]} if later else {}
                print(line({**standard[0], **until, "service_tier": tier}, base, above, {}))


main()
