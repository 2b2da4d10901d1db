//! What each object of a JSON 2.0 card may hold, as a table.
//!
//! A property is written `name`, `name!` if it must be there, with `:kind` if its value is
//! checked (`[]` after the kind for a list), or `=a|b|c` if it is one of these words.

/// The shapes of objects that are no components.
const SHAPES: &[(&str, &str)] = &[
    ("card", "schema! config:config card_link:links header:header body!:body"),
    (
        "config",
        "streaming_mode:bool streaming_config:streaming summary:summary locales enable_forward:bool \
         update_multi:bool width_mode=default|compact|fill use_custom_translation:bool \
         enable_forward_interaction:bool style:style",
    ),
    ("streaming", "print_frequency_ms print_step print_strategy=fast|delay"),
    ("summary", "content:str i18n_content"),
    ("style", "text_size color"),
    ("links", "url:url pc_url:url ios_url:url android_url:url"),
    (
        "header",
        "title!:text subtitle:text text_tag_list:tags i18n_text_tag_list \
         template=blue|wathet|turquoise|green|yellow|orange|red|carmine|violet|purple|indigo|grey|default \
         icon:icon padding:str",
    ),
    (
        "body",
        "direction=vertical|horizontal padding:str horizontal_spacing:str \
         horizontal_align=left|center|right vertical_spacing:str \
         vertical_align=top|center|bottom elements!:elements",
    ),
    ("confirm", "title!:plain text!:plain"),
    ("callback", "type! value!:object"),
    ("open_url", "type! default_url:url pc_url:url ios_url:url android_url:url"),
    ("option", "text!:plain value!:full icon:icon"),
    ("person_option", "value!:full"),
    ("overflow_option", "text!:plain value:str multi_url:links"),
    (
        "image_option",
        "img_key!:image value!:full disabled:bool disabled_tips:plain hover_tips:plain",
    ),
    ("action", "multi_url!:links"),
    (
        "panel_header",
        "title!:panel_title background_color:color width vertical_align=top|center|bottom padding:str \
         icon:icon icon_position=left|right|follow_text icon_expanded_angle",
    ),
    ("border", "color:color corner_radius:str"),
    ("div_field", "is_short:bool text!:text"),
    (
        "table_column",
        "name!:full data_type!=text|lark_md|options|number|persons|date|markdown display_name:str \
         width:str horizontal_align=left|center|right vertical_align=top|center|bottom format date_format:str",
    ),
    (
        "table_header",
        "text_align=left|center|right text_size:str background_style=grey|none \
         text_color:color bold:bool lines:number",
    ),
    ("image", "img_key!:image"),
    ("person_item", "id!:full"),
    ("checked_style", "show_strikethrough:bool opacity"),
    ("button_area", "pc_display_rule=always|on_hover buttons:elements"),
];

/// The objects that carry a `tag`. All may also hold `tag`, `element_id` and `margin`.
const COMPONENTS: &[(&str, &str)] = &[
    (
        "plain_text",
        "content!:str text_size:str text_color:color text_align=left|center|right lines:number i18n_content",
    ),
    (
        "lark_md",
        "content!:str text_size:str text_color:color text_align=left|center|right lines:number i18n_content",
    ),
    ("standard_icon", "token!:full color:color size:str"),
    ("custom_icon", "img_key!:image size:str"),
    ("text_tag", "text!:plain color:color"),
    ("markdown", "content!:str text_align=left|center|right text_size:str icon:icon i18n_content"),
    ("div", "text:text fields:div_field[] extra:component icon:icon width:str"),
    ("hr", ""),
    (
        "img",
        "img_key!:image alt!:plain title:text corner_radius:str scale_type=crop_center|crop_top|fit_horizontal \
         size:str transparent:bool preview:bool",
    ),
    (
        "img_combination",
        "combination_mode!=double|triple|bisect|trisect combination_transparent:bool corner_radius:str \
         img_list!:image[]",
    ),
    ("person", "user_id!:full size:str show_avatar:bool show_name:bool style:str"),
    (
        "person_list",
        "persons!:person_item[] lines:number size:str drop_invalid_user_id:bool icon:icon",
    ),
    ("chart", "chart_spec!:object aspect_ratio:str color_theme:str preview:bool height:str"),
    (
        "table",
        "columns!:table_column[] rows! page_size:number row_height:str row_max_height:str \
         freeze_first_column:bool header_style:table_header",
    ),
    (
        "audio",
        "file_key!:full audio_id width:str show_time:bool show_progress_bar:bool time_display time_position style=normal|flat|speak",
    ),
    (
        "column_set",
        "columns!:columns flex_mode=none|stretch|flow|bisect|trisect horizontal_spacing:str \
         horizontal_align=left|center|right background_style:color action:action",
    ),
    (
        "column",
        "elements:elements width:str weight:number direction=vertical|horizontal padding:str \
         horizontal_spacing:str horizontal_align=left|center|right vertical_spacing:str \
         vertical_align=top|center|bottom background_style:color action:action",
    ),
    (
        "collapsible_panel",
        "header!:panel_header expanded:bool background_color:color border:border elements!:elements \
         direction=vertical|horizontal padding:str horizontal_spacing:str \
         horizontal_align=left|center|right vertical_spacing:str vertical_align=top|center|bottom",
    ),
    (
        "interactive_container",
        "behaviors!:behaviors elements!:elements width:str height:str background_style:color \
         has_border:bool border_color:color corner_radius:str padding:str hover_tips:plain \
         disabled:bool disabled_tips:plain confirm:confirm",
    ),
    (
        "form",
        "name!:full elements!:elements direction=vertical|horizontal padding:str \
         horizontal_spacing:str horizontal_align=left|center|right vertical_spacing:str \
         vertical_align=top|center|bottom",
    ),
    (
        "button",
        "text:plain type=default|primary|danger|text|primary_text|danger_text|primary_filled|danger_filled|laser \
         size=tiny|small|medium|large width:str icon:icon hover_tips:plain disabled:bool \
         disabled_tips:plain confirm:confirm behaviors:behaviors name:full \
         form_action_type=submit|reset",
    ),
    (
        "input",
        "name:full placeholder:plain default_value:str required:bool disabled:bool width:str \
         input_type=text|multiline_text|password max_length:number rows:number auto_resize:bool \
         max_rows:number show_icon:bool label:plain label_position=top|left behaviors:behaviors \
         confirm:confirm",
    ),
    (
        "select_static",
        "options!:option[] initial_option:str initial_index:number placeholder:plain type=default|text \
         width:str required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    (
        "multi_select_static",
        "options!:option[] selected_values placeholder:plain type=default|text width:str \
         required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    (
        "select_person",
        "options:person_option[] initial_option:str placeholder:plain type=default|text width:str \
         required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    (
        "multi_select_person",
        "options:person_option[] selected_values placeholder:plain type=default|text width:str \
         required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    (
        "date_picker",
        "initial_date:str placeholder:plain width:str required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    (
        "picker_time",
        "initial_time:str placeholder:plain width:str required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    (
        "picker_datetime",
        "initial_datetime:str placeholder:plain width:str required:bool disabled:bool behaviors:behaviors confirm:confirm name:full",
    ),
    ("overflow", "options!:overflow_option[] width:str behaviors:behaviors confirm:confirm"),
    (
        "select_img",
        "options!:image_option[] multi_select:bool layout=stretch|bisect|trisect \
         aspect_ratio=16:9|1:1|4:3 can_preview:bool required:bool behaviors:behaviors name:full",
    ),
    (
        "checker",
        "text:text checked:bool overall_checkable:bool button_area:button_area \
         checked_style:checked_style padding:str confirm:confirm behaviors:behaviors \
         hover_tips:plain disabled:bool disabled_tips:plain name:full",
    ),
];

/// Components a person can act on.
pub(crate) const INTERACTIVE: &[&str] = &[
    "button",
    "input",
    "select_static",
    "multi_select_static",
    "select_person",
    "multi_select_person",
    "date_picker",
    "picker_time",
    "picker_datetime",
    "overflow",
    "select_img",
    "checker",
];

/// Components that hold others and count towards the depth of nesting.
pub(crate) const CONTAINERS: &[&str] =
    &["column_set", "form", "interactive_container", "collapsible_panel"];

/// Tags that only stand inside others, never in a list of elements.
pub(crate) const PARTS: &[&str] =
    &["plain_text", "lark_md", "standard_icon", "custom_icon", "text_tag", "column"];

/// One property an object may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) check: Check,
}

/// What is known of a property's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    Anything,
    Kind(&'static str),
    ListOf(&'static str),
    OneOf(&'static str),
}

/// Returns the properties of a shape that carries no tag.
pub(crate) fn shape(name: &str) -> Option<Vec<Property>> {
    let (_, line) = SHAPES.iter().find(|(shape, _)| *shape == name)?;
    Some(line.split_whitespace().map(property).collect())
}

/// Returns the properties of a component, those that all have included.
pub(crate) fn component(tag: &str) -> Option<Vec<Property>> {
    let (_, line) = COMPONENTS.iter().find(|(component, _)| *component == tag)?;
    let common = ["tag!:str", "element_id:str", "margin:str"].into_iter();
    Some(line.split_whitespace().chain(common).map(property).collect())
}

fn property(word: &'static str) -> Property {
    let end = word.find(['!', ':', '=']).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let (required, rest) = match rest.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let check = if let Some(words) = rest.strip_prefix('=') {
        Check::OneOf(words)
    } else if let Some(kind) = rest.strip_prefix(':') {
        kind.strip_suffix("[]").map_or(Check::Kind(kind), Check::ListOf)
    } else {
        Check::Anything
    };
    Property { name, required, check }
}
