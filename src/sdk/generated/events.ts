/** What events of each type hold. Made of the OpenAPI document by clients/typescript/generate.ts: `npm run sdk` makes it anew. */

/** `data` of each event type that can be published, as it is published. */
export interface EventData {
  /** A conversation with a contact was closed, by a user, by an automation or through the API. */
  "conversation.closed": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    conversation: {
      /** Chosen when closing. */
      category?: string | null | undefined;
      /** Written when closing. */
      summary?: string | null | undefined;
      /** Unix time in whole seconds, or null. */
      openedTime?: number | null | undefined;
      /** What opened it: user, contact, workflow, api. */
      openedBySource?: string | null | undefined;
      /** Unix time in whole seconds. */
      closedTime: number;
      /** All members are null when no user closed it. */
      closedBy?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      /** What closed it: user, workflow, api. */
      closedBySource?: string | null | undefined;
      /** Time of the first response, in seconds. */
      firstResponseTime?: number | null | undefined;
      /** Time of the resolution, in seconds. */
      resolutionTime?: number | null | undefined;
      incomingMessageCount?: number | undefined;
      outgoingMessageCount?: number | undefined;
      assigneeTeam?: string | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastAssignmentTime?: number | null | undefined;
    };
  };
  /** A contact was created, by hand, by an import, or because somebody wrote for the first time. */
  "contact.created": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
  };
  /** A message was sent to a contact, by a user or by an automation. */
  "message.sent": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** The user who sent it; absent when an automation did. */
    user?: {
      /** Null when no user is behind it. */
      id: number | null;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      email?: string | null | undefined;
      role?: string | null | undefined;
    } | null | undefined;
    /** Who sent the message. Absent in older bodies. */
    sender?: {
      type?: string | undefined;
      /** Who sent it: contact, user, or an automation. */
      source: string;
      userId?: number | null | undefined;
      teamId?: number | null | undefined;
    } | undefined;
    message: {
      messageId: number | string;
      channelMessageId?: number | string | null | undefined;
      contactId?: number | undefined;
      channelId?: number | undefined;
      traffic: "outgoing";
      /** Unix time: milliseconds in newer bodies, seconds in older ones. Ten digits are seconds. */
      timestamp: number;
      message: {
        /** Such as text or attachment; it says which other members there are. */
        type: string;
        /** With kind text. */
        text?: string | null | undefined;
        /** Facebook’s tag for messages outside the usual window. */
        messageTag?: string | null | undefined;
        attachment?: {
          /** Such as image, video, audio or file. */
          type: string;
          url: string;
          fileName?: string | null | undefined;
          mimeType?: string | null | undefined;
          ext?: string | null | undefined;
          /** In bytes. */
          size?: number | null | undefined;
        } | undefined;
      };
      /** How far the message has come, oldest first. */
      status?: Array<{
        /** Such as pending, sent, delivered, read or failed. */
        value: string;
        /** Unix time in whole seconds. */
        timestamp?: number | undefined;
        /** Why it failed. */
        message?: string | null | undefined;
      }> | null | undefined;
    };
    /** The channel over which the contact and the team talk. */
    channel: {
      id: number;
      name?: string | undefined;
      /** Such as facebook or whatsapp_business. */
      source: string;
      /** JSON text with details of the channel. */
      meta?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
      /** Unix time in whole seconds, or null. */
      lastMessageTime?: number | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastIncomingMessageTime?: number | null | undefined;
    };
  };
  /** A contact sent a message over any of the connected channels. */
  "message.received": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** Who sent the message. Absent in older bodies. */
    sender?: {
      type?: string | undefined;
      /** Who sent it: contact, user, or an automation. */
      source: string;
      userId?: number | null | undefined;
      teamId?: number | null | undefined;
    } | undefined;
    message: {
      messageId: number | string;
      channelMessageId?: number | string | null | undefined;
      contactId?: number | undefined;
      channelId?: number | undefined;
      traffic: "incoming";
      /** Unix time: milliseconds in newer bodies, seconds in older ones. Ten digits are seconds. */
      timestamp: number;
      message: {
        /** Such as text or attachment; it says which other members there are. */
        type: string;
        /** With kind text. */
        text?: string | null | undefined;
        /** Facebook’s tag for messages outside the usual window. */
        messageTag?: string | null | undefined;
        attachment?: {
          /** Such as image, video, audio or file. */
          type: string;
          url: string;
          fileName?: string | null | undefined;
          mimeType?: string | null | undefined;
          ext?: string | null | undefined;
          /** In bytes. */
          size?: number | null | undefined;
        } | undefined;
      };
      /** How far the message has come, oldest first. */
      status?: Array<{
        /** Such as pending, sent, delivered, read or failed. */
        value: string;
        /** Unix time in whole seconds. */
        timestamp?: number | undefined;
        /** Why it failed. */
        message?: string | null | undefined;
      }> | null | undefined;
    };
    /** The channel over which the contact and the team talk. */
    channel: {
      id: number;
      name?: string | undefined;
      /** Such as facebook or whatsapp_business. */
      source: string;
      /** JSON text with details of the channel. */
      meta?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
      /** Unix time in whole seconds, or null. */
      lastMessageTime?: number | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastIncomingMessageTime?: number | null | undefined;
    };
  };
  /** A field of a contact changed. The body holds the contact as it is now. */
  "contact.updated": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** updated; absent in older bodies. */
    action?: string | null | undefined;
  };
  /** A conversation with a contact was opened or opened again. */
  "conversation.opened": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    conversation: {
      /** What opened it: user, contact, workflow, api. */
      source?: string | null | undefined;
      /** Unix time in whole seconds. */
      conversationOpenedAt: number;
      firstIncomingMessage?: string | null | undefined;
      firstIncomingMessageChannelId?: number | null | undefined;
    };
  };
  /** A contact was assigned to a user, passed on to another, or left without an assignee (null). */
  "contact.assignee.updated": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
  };
  /** A tag was added to a contact or removed from it; `action` says which. */
  "contact.tag.updated": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** Name of the tag. */
    tag: string;
    /** Whether the tag was added or removed. */
    action: "add" | "remove";
  };
  /** A user wrote an internal comment on a contact. Contacts never see comments. */
  "comment.created": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    text: string | null;
    attachments?: Array<{
      /** Such as image, video, audio or file. */
      type: string;
      url: string;
      fileName?: string | null | undefined;
      mimeType?: string | null | undefined;
      ext?: string | null | undefined;
      /** In bytes. */
      size?: number | null | undefined;
    }> | null | undefined;
    mentionedUserIds?: Array<number> | null | undefined;
    mentionedUserEmails?: Array<string> | null | undefined;
  };
  /** A contact moved to another stage of its lifecycle, such as from new lead to customer. */
  "contact.lifecycle.updated": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** updated. */
    action?: string | null | undefined;
    /** Null when the contact has left the lifecycle. */
    lifecycle: string | null;
    /** Null when there was none. */
    oldLifecycle?: string | null | undefined;
  };
  /** A call with a contact ended. Recording, transcript and summary come with it where they exist. */
  "call.ended": {
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    call: {
      id: number | string;
      /** Such as completed or missed. */
      status: string;
      channel?: string | null | undefined;
      /** inbound or outbound. */
      direction: string;
      /** Unix time in whole seconds, or null. */
      start_time?: number | null | undefined;
      /** Unix time in whole seconds. */
      end_time: number;
      /** In seconds. */
      durationSeconds?: number | null | undefined;
      /** Language code, such as eng. */
      language?: string | null | undefined;
      transcript?: Array<{
        /** Seconds from the start of the call, with fractions. */
        start?: number | undefined;
        /** Seconds from the start of the call, with fractions. */
        end?: number | undefined;
        /** contact or agent. */
        speaker: string;
        text: string;
      }> | null | undefined;
      callSummary?: {
        title?: string | null | undefined;
        summary?: Array<string> | null | undefined;
        actionItems?: Array<string> | null | undefined;
      } | null | undefined;
      /** URL of the recording. */
      recordingURL?: string | null | undefined;
    };
    /** Who spoke with the contact. */
    user?: {
      /** Null when no user is behind it. */
      id: number | null;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      email?: string | null | undefined;
      role?: string | null | undefined;
    } | null | undefined;
    /** The channel over which the contact and the team talk. */
    channel?: {
      id: number;
      name?: string | undefined;
      /** Such as facebook or whatsapp_business. */
      source: string;
      /** JSON text with details of the channel. */
      meta?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
      /** Unix time in whole seconds, or null. */
      lastMessageTime?: number | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastIncomingMessageTime?: number | null | undefined;
    } | undefined;
  };
  /** Somebody left an e-mail address in a form, on a funnel step (funnel_step) or on a blog page (page_model). */
  "contact.optin.completed": {
    funnel_step: {
      id: number;
      name: string;
      /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
      type: string;
      funnel: {
        id: number;
        name: string;
      };
    };
    page_model?: {
      id: number;
      name: string;
      blog: {
        id: number;
        name: string;
      };
    } | undefined;
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Where the form was sent from. */
      ip?: string | null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  } | {
    funnel_step?: {
      id: number;
      name: string;
      /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
      type: string;
      funnel: {
        id: number;
        name: string;
      };
    } | undefined;
    page_model: {
      id: number;
      name: string;
      blog: {
        id: number;
        name: string;
      };
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Where the form was sent from. */
      ip?: string | null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  };
  /** A customer paid for an offer. The body has a customer instead of a contact. */
  "customer.sale.completed": {
    customer: {
      id: number;
      /** Such as paypal or stripe. */
      payment_processor?: string | null | undefined;
      /** The contact who became the customer. */
      contact_id: number | null;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Where the order was sent from. */
      client_ip?: string | null | undefined;
    };
    funnel_step?: {
      id: number;
      name: string;
      /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
      type: string;
      funnel: {
        id: number;
        name: string;
      };
    } | null | undefined;
    offer_price_plan: {
      id: number;
      /** As customers see it. */
      name: string;
      /** As the team sees it. */
      inner_name?: string | null | undefined;
      /** Such as one_shot or subscription. */
      type: string;
      /** In minor units of the currency: 583 is 5.83 EUR. Null when nothing is charged at once. */
      direct_charge_amount: number | null;
      /** Interval and amounts; null for a single payment. */
      subscription_plan?: Record<string, unknown> | null | undefined;
      /** ISO 4217 code in lower case, such as eur. */
      currency: string;
    };
    order: {
      id: number;
      /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
      created_at: string;
    };
    order_item: {
      id: number;
      /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
      created_at: string;
      /** What the customer gets. */
      resources: Array<{
        quantity?: number | null | undefined;
        /** Such as full_access. */
        enrollment_access_type?: string | null | undefined;
        /** Null unless access is gradual. */
        enrollment_dripping_access_course?: Record<string, unknown> | null | undefined;
        /** Such as systemeio_tag or membership_course; it says what data holds. */
        type: string;
        /** Null, or absent when the resource is a course itself. */
        course?: Record<string, unknown> | null | undefined;
        /** Null, or absent when the resource is a bundle itself. */
        course_bundle?: Record<string, unknown> | null | undefined;
        /** Null, or absent when the resource is a product itself. */
        physical_product?: Record<string, unknown> | null | undefined;
        /** Null, or absent when the resource is a tag itself. */
        tag?: Record<string, unknown> | null | undefined;
        /** The tag, course, bundle or product itself. */
        data: Record<string, unknown> | null;
      }>;
    };
    /** Null when none was used. */
    coupon?: Record<string, unknown> | null | undefined;
  };
  /** A contact was given a tag. */
  "contact.tag.added": {
    tag: {
      id: number;
      name: string;
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  };
  /** A tag was taken from a contact. */
  "contact.tag.removed": {
    tag: {
      id: number;
      name: string;
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  };
  /** A contact registered for a session of a webinar. */
  "contact.webinar.registered": {
    webinar: {
      id: number;
      /** Seconds, as a string of digits, such as "7200". */
      duration: string;
      funnel_step: {
        id: number;
        name: string;
        /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
        type: string;
        funnel: {
          id: number;
          name: string;
        };
      };
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    registered_at: string;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    scheduled_at: string;
  };
  /** A contact was enrolled in a course, by buying it or otherwise. */
  "contact.course.enrolled": {
    course: {
      id: number;
      name: string;
      description?: string | null | undefined;
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
    /** How much of it is open, such as full_access. */
    access_type: string;
  };
  /** A contact was enrolled in a bundle of courses. */
  "contact.course_bundle.enrolled": {
    course_bundle: {
      id: number;
      name: string;
      description?: string | null | undefined;
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
    /** How much of it is open, such as full_access. */
    access_type: string;
    /** Null when all are open. */
    first_active_course?: {
      id: number;
      name: string;
      description?: string | null | undefined;
    } | null | undefined;
  };
  /** A contact received the last mail of a campaign. */
  "contact.campaign.finished": {
    campaign: {
      id: number;
      name: string;
      description?: string | null | undefined;
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  };
  /** A known contact visited a page of a funnel. */
  "contact.page.visited": {
    funnel_step: {
      id: number;
      name: string;
      /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
      type: string;
      funnel: {
        id: number;
        name: string;
      };
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  };
  /** A contact clicked a link in a mail that was sent to it. */
  "contact.email_link.clicked": {
    sent_email: {
      id: number;
      subject: string | null;
    };
    /** The contact whom the event is about. */
    contact: {
      id: number;
      email: string;
      /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
      fields: Record<string, unknown> | Array<unknown>;
      /** Always null here; only an opt-in knows it. */
      ip?: null | undefined;
      /** Id of the contact who referred this one, or null. */
      referred_by_contact_id?: number | null | undefined;
      referred_by_contact_email?: string | null | undefined;
    };
  };
}

/** The body of each webhook, as a receiver gets it. */
export interface WebhookBodies {
  /** A conversation with a contact was closed, by a user, by an automation or through the API. */
  "conversation.closed": {
    event_type: "conversation.closed";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    conversation: {
      /** Chosen when closing. */
      category?: string | null | undefined;
      /** Written when closing. */
      summary?: string | null | undefined;
      /** Unix time in whole seconds, or null. */
      openedTime?: number | null | undefined;
      /** What opened it: user, contact, workflow, api. */
      openedBySource?: string | null | undefined;
      /** Unix time in whole seconds. */
      closedTime: number;
      /** All members are null when no user closed it. */
      closedBy?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      /** What closed it: user, workflow, api. */
      closedBySource?: string | null | undefined;
      /** Time of the first response, in seconds. */
      firstResponseTime?: number | null | undefined;
      /** Time of the resolution, in seconds. */
      resolutionTime?: number | null | undefined;
      incomingMessageCount?: number | undefined;
      outgoingMessageCount?: number | undefined;
      assigneeTeam?: string | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastAssignmentTime?: number | null | undefined;
    };
  };
  /** A contact was created, by hand, by an import, or because somebody wrote for the first time. */
  "contact.created": {
    event_type: "contact.created";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
  };
  /** A message was sent to a contact, by a user or by an automation. */
  "message.sent": {
    event_type: "message.sent";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** The user who sent it; absent when an automation did. */
    user?: {
      /** Null when no user is behind it. */
      id: number | null;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      email?: string | null | undefined;
      role?: string | null | undefined;
    } | null | undefined;
    /** Who sent the message. Absent in older bodies. */
    sender?: {
      type?: string | undefined;
      /** Who sent it: contact, user, or an automation. */
      source: string;
      userId?: number | null | undefined;
      teamId?: number | null | undefined;
    } | undefined;
    message: {
      messageId: number | string;
      channelMessageId?: number | string | null | undefined;
      contactId?: number | undefined;
      channelId?: number | undefined;
      traffic: "outgoing";
      /** Unix time: milliseconds in newer bodies, seconds in older ones. Ten digits are seconds. */
      timestamp: number;
      message: {
        /** Such as text or attachment; it says which other members there are. */
        type: string;
        /** With kind text. */
        text?: string | null | undefined;
        /** Facebook’s tag for messages outside the usual window. */
        messageTag?: string | null | undefined;
        attachment?: {
          /** Such as image, video, audio or file. */
          type: string;
          url: string;
          fileName?: string | null | undefined;
          mimeType?: string | null | undefined;
          ext?: string | null | undefined;
          /** In bytes. */
          size?: number | null | undefined;
        } | undefined;
      };
      /** How far the message has come, oldest first. */
      status?: Array<{
        /** Such as pending, sent, delivered, read or failed. */
        value: string;
        /** Unix time in whole seconds. */
        timestamp?: number | undefined;
        /** Why it failed. */
        message?: string | null | undefined;
      }> | null | undefined;
    };
    /** The channel over which the contact and the team talk. */
    channel: {
      id: number;
      name?: string | undefined;
      /** Such as facebook or whatsapp_business. */
      source: string;
      /** JSON text with details of the channel. */
      meta?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
      /** Unix time in whole seconds, or null. */
      lastMessageTime?: number | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastIncomingMessageTime?: number | null | undefined;
    };
  };
  /** A contact sent a message over any of the connected channels. */
  "message.received": {
    event_type: "message.received";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** Who sent the message. Absent in older bodies. */
    sender?: {
      type?: string | undefined;
      /** Who sent it: contact, user, or an automation. */
      source: string;
      userId?: number | null | undefined;
      teamId?: number | null | undefined;
    } | undefined;
    message: {
      messageId: number | string;
      channelMessageId?: number | string | null | undefined;
      contactId?: number | undefined;
      channelId?: number | undefined;
      traffic: "incoming";
      /** Unix time: milliseconds in newer bodies, seconds in older ones. Ten digits are seconds. */
      timestamp: number;
      message: {
        /** Such as text or attachment; it says which other members there are. */
        type: string;
        /** With kind text. */
        text?: string | null | undefined;
        /** Facebook’s tag for messages outside the usual window. */
        messageTag?: string | null | undefined;
        attachment?: {
          /** Such as image, video, audio or file. */
          type: string;
          url: string;
          fileName?: string | null | undefined;
          mimeType?: string | null | undefined;
          ext?: string | null | undefined;
          /** In bytes. */
          size?: number | null | undefined;
        } | undefined;
      };
      /** How far the message has come, oldest first. */
      status?: Array<{
        /** Such as pending, sent, delivered, read or failed. */
        value: string;
        /** Unix time in whole seconds. */
        timestamp?: number | undefined;
        /** Why it failed. */
        message?: string | null | undefined;
      }> | null | undefined;
    };
    /** The channel over which the contact and the team talk. */
    channel: {
      id: number;
      name?: string | undefined;
      /** Such as facebook or whatsapp_business. */
      source: string;
      /** JSON text with details of the channel. */
      meta?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
      /** Unix time in whole seconds, or null. */
      lastMessageTime?: number | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastIncomingMessageTime?: number | null | undefined;
    };
  };
  /** A field of a contact changed. The body holds the contact as it is now. */
  "contact.updated": {
    event_type: "contact.updated";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** updated; absent in older bodies. */
    action?: string | null | undefined;
  };
  /** A conversation with a contact was opened or opened again. */
  "conversation.opened": {
    event_type: "conversation.opened";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    conversation: {
      /** What opened it: user, contact, workflow, api. */
      source?: string | null | undefined;
      /** Unix time in whole seconds. */
      conversationOpenedAt: number;
      firstIncomingMessage?: string | null | undefined;
      firstIncomingMessageChannelId?: number | null | undefined;
    };
  };
  /** A contact was assigned to a user, passed on to another, or left without an assignee (null). */
  "contact.assignee.updated": {
    event_type: "contact.assignee.updated";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
  };
  /** A tag was added to a contact or removed from it; `action` says which. */
  "contact.tag.updated": {
    event_type: "contact.tag.updated";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** Name of the tag. */
    tag: string;
    /** Whether the tag was added or removed. */
    action: "add" | "remove";
  };
  /** A user wrote an internal comment on a contact. Contacts never see comments. */
  "comment.created": {
    event_type: "comment.created";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    text: string | null;
    attachments?: Array<{
      /** Such as image, video, audio or file. */
      type: string;
      url: string;
      fileName?: string | null | undefined;
      mimeType?: string | null | undefined;
      ext?: string | null | undefined;
      /** In bytes. */
      size?: number | null | undefined;
    }> | null | undefined;
    mentionedUserIds?: Array<number> | null | undefined;
    mentionedUserEmails?: Array<string> | null | undefined;
  };
  /** A contact moved to another stage of its lifecycle, such as from new lead to customer. */
  "contact.lifecycle.updated": {
    event_type: "contact.lifecycle.updated";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    /** updated. */
    action?: string | null | undefined;
    /** Null when the contact has left the lifecycle. */
    lifecycle: string | null;
    /** Null when there was none. */
    oldLifecycle?: string | null | undefined;
  };
  /** A call with a contact ended. Recording, transcript and summary come with it where they exist. */
  "call.ended": {
    event_type: "call.ended";
    /** A UUID; the same however often it is sent. */
    event_id: string;
    /** The contact whom the event is about. Custom fields of the contact stand beside the members named here. */
    contact: {
      id: number;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      /** With country code, such as +60123456789. */
      phone?: string | null | undefined;
      email?: string | null | undefined;
      /** Language code, such as en. */
      language?: string | null | undefined;
      /** URL of the contact’s picture. */
      profilePic?: string | null | undefined;
      /** Two-letter country code, such as MY. */
      countryCode?: string | null | undefined;
      /** Such as open or close. */
      status?: string | null | undefined;
      /** Names of all tags of the contact. */
      tags?: Array<string> | null | undefined;
      /** The user who looks after the contact; null when nobody does. */
      assignee?: {
        /** Null when no user is behind it. */
        id: number | null;
        firstName?: string | null | undefined;
        lastName?: string | null | undefined;
        email?: string | null | undefined;
        role?: string | null | undefined;
      } | null | undefined;
      lifecycle?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
    };
    call: {
      id: number | string;
      /** Such as completed or missed. */
      status: string;
      channel?: string | null | undefined;
      /** inbound or outbound. */
      direction: string;
      /** Unix time in whole seconds, or null. */
      start_time?: number | null | undefined;
      /** Unix time in whole seconds. */
      end_time: number;
      /** In seconds. */
      durationSeconds?: number | null | undefined;
      /** Language code, such as eng. */
      language?: string | null | undefined;
      transcript?: Array<{
        /** Seconds from the start of the call, with fractions. */
        start?: number | undefined;
        /** Seconds from the start of the call, with fractions. */
        end?: number | undefined;
        /** contact or agent. */
        speaker: string;
        text: string;
      }> | null | undefined;
      callSummary?: {
        title?: string | null | undefined;
        summary?: Array<string> | null | undefined;
        actionItems?: Array<string> | null | undefined;
      } | null | undefined;
      /** URL of the recording. */
      recordingURL?: string | null | undefined;
    };
    /** Who spoke with the contact. */
    user?: {
      /** Null when no user is behind it. */
      id: number | null;
      firstName?: string | null | undefined;
      lastName?: string | null | undefined;
      email?: string | null | undefined;
      role?: string | null | undefined;
    } | null | undefined;
    /** The channel over which the contact and the team talk. */
    channel?: {
      id: number;
      name?: string | undefined;
      /** Such as facebook or whatsapp_business. */
      source: string;
      /** JSON text with details of the channel. */
      meta?: string | null | undefined;
      /** Unix time in whole seconds. */
      created_at?: number | undefined;
      /** Unix time in whole seconds, or null. */
      lastMessageTime?: number | null | undefined;
      /** Unix time in whole seconds, or null. */
      lastIncomingMessageTime?: number | null | undefined;
    } | undefined;
  };
  /** Somebody left an e-mail address in a form, on a funnel step (funnel_step) or on a blog page (page_model). */
  "contact.optin.completed": {
    type: "contact.optin.completed";
    /** Holds funnel_step or page_model, never both. */
    data: {
      funnel_step: {
        id: number;
        name: string;
        /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
        type: string;
        funnel: {
          id: number;
          name: string;
        };
      };
      page_model?: {
        id: number;
        name: string;
        blog: {
          id: number;
          name: string;
        };
      } | undefined;
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Where the form was sent from. */
        ip?: string | null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    } | {
      funnel_step?: {
        id: number;
        name: string;
        /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
        type: string;
        funnel: {
          id: number;
          name: string;
        };
      } | undefined;
      page_model: {
        id: number;
        name: string;
        blog: {
          id: number;
          name: string;
        };
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Where the form was sent from. */
        ip?: string | null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A customer paid for an offer. The body has a customer instead of a contact. */
  "customer.sale.completed": {
    type: "customer.sale.completed";
    data: {
      customer: {
        id: number;
        /** Such as paypal or stripe. */
        payment_processor?: string | null | undefined;
        /** The contact who became the customer. */
        contact_id: number | null;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Where the order was sent from. */
        client_ip?: string | null | undefined;
      };
      funnel_step?: {
        id: number;
        name: string;
        /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
        type: string;
        funnel: {
          id: number;
          name: string;
        };
      } | null | undefined;
      offer_price_plan: {
        id: number;
        /** As customers see it. */
        name: string;
        /** As the team sees it. */
        inner_name?: string | null | undefined;
        /** Such as one_shot or subscription. */
        type: string;
        /** In minor units of the currency: 583 is 5.83 EUR. Null when nothing is charged at once. */
        direct_charge_amount: number | null;
        /** Interval and amounts; null for a single payment. */
        subscription_plan?: Record<string, unknown> | null | undefined;
        /** ISO 4217 code in lower case, such as eur. */
        currency: string;
      };
      order: {
        id: number;
        /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
        created_at: string;
      };
      order_item: {
        id: number;
        /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
        created_at: string;
        /** What the customer gets. */
        resources: Array<{
          quantity?: number | null | undefined;
          /** Such as full_access. */
          enrollment_access_type?: string | null | undefined;
          /** Null unless access is gradual. */
          enrollment_dripping_access_course?: Record<string, unknown> | null | undefined;
          /** Such as systemeio_tag or membership_course; it says what data holds. */
          type: string;
          /** Null, or absent when the resource is a course itself. */
          course?: Record<string, unknown> | null | undefined;
          /** Null, or absent when the resource is a bundle itself. */
          course_bundle?: Record<string, unknown> | null | undefined;
          /** Null, or absent when the resource is a product itself. */
          physical_product?: Record<string, unknown> | null | undefined;
          /** Null, or absent when the resource is a tag itself. */
          tag?: Record<string, unknown> | null | undefined;
          /** The tag, course, bundle or product itself. */
          data: Record<string, unknown> | null;
        }>;
      };
      /** Null when none was used. */
      coupon?: Record<string, unknown> | null | undefined;
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A contact was given a tag. */
  "contact.tag.added": {
    type: "contact.tag.added";
    data: {
      tag: {
        id: number;
        name: string;
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A tag was taken from a contact. */
  "contact.tag.removed": {
    type: "contact.tag.removed";
    data: {
      tag: {
        id: number;
        name: string;
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A contact registered for a session of a webinar. */
  "contact.webinar.registered": {
    type: "contact.webinar.registered";
    data: {
      webinar: {
        id: number;
        /** Seconds, as a string of digits, such as "7200". */
        duration: string;
        funnel_step: {
          id: number;
          name: string;
          /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
          type: string;
          funnel: {
            id: number;
            name: string;
          };
        };
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
      /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
      registered_at: string;
      /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
      scheduled_at: string;
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A contact was enrolled in a course, by buying it or otherwise. */
  "contact.course.enrolled": {
    type: "contact.course.enrolled";
    data: {
      course: {
        id: number;
        name: string;
        description?: string | null | undefined;
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
      /** How much of it is open, such as full_access. */
      access_type: string;
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A contact was enrolled in a bundle of courses. */
  "contact.course_bundle.enrolled": {
    type: "contact.course_bundle.enrolled";
    data: {
      course_bundle: {
        id: number;
        name: string;
        description?: string | null | undefined;
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
      /** How much of it is open, such as full_access. */
      access_type: string;
      /** Null when all are open. */
      first_active_course?: {
        id: number;
        name: string;
        description?: string | null | undefined;
      } | null | undefined;
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A contact received the last mail of a campaign. */
  "contact.campaign.finished": {
    type: "contact.campaign.finished";
    data: {
      campaign: {
        id: number;
        name: string;
        description?: string | null | undefined;
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A known contact visited a page of a funnel. */
  "contact.page.visited": {
    type: "contact.page.visited";
    data: {
      funnel_step: {
        id: number;
        name: string;
        /** Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form. */
        type: string;
        funnel: {
          id: number;
          name: string;
        };
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** A contact clicked a link in a mail that was sent to it. */
  "contact.email_link.clicked": {
    type: "contact.email_link.clicked";
    data: {
      sent_email: {
        id: number;
        subject: string | null;
      };
      /** The contact whom the event is about. */
      contact: {
        id: number;
        email: string;
        /** The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object. */
        fields: Record<string, unknown> | Array<unknown>;
        /** Always null here; only an opt-in knows it. */
        ip?: null | undefined;
        /** Id of the contact who referred this one, or null. */
        referred_by_contact_id?: number | null | undefined;
        referred_by_contact_email?: string | null | undefined;
      };
    };
    /** Whatever was published with the event. */
    account: Record<string, unknown>;
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    created_at: string;
  };
  /** An endpoint was disabled: by the error budget, because it answered 410 Gone, or by a person. Its deliveries are held. Never sent to the endpoint itself. */
  "endpoint.disabled": {
    type: "endpoint.disabled";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      endpoint: {
        /** As in the API: ep_… */
        id: string;
        name: string;
        url: string;
      };
      reason: "error_budget" | "gone" | "manual";
      by: string;
      /** As recorded; null where there was none. */
      last_error: string | null;
      /** Null where it was not the error budget. */
      trip: {
        errors: number;
        own_errors: number;
        budget: {
          /** Failed attempts that are allowed within the window. */
          limit: number;
          /** In seconds. */
          window_s: number;
          /** One budget for all endpoints, or one for each. */
          scope: "workspace" | "endpoint";
        };
      } | null;
    };
  };
  /** An endpoint that had been disabled was enabled again, and it was decided what becomes of the deliveries held meanwhile. Never sent to the endpoint itself. */
  "endpoint.enabled": {
    type: "endpoint.enabled";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      endpoint: {
        /** As in the API: ep_… */
        id: string;
        name: string;
        url: string;
      };
      by: string;
      held: number;
      choice: "send" | "skip";
    };
  };
  /** The retries of a delivery were used up, and the next one in its lane follows. It stays in the log and can be sent again. Never sent for events such as this one, nor to the endpoint itself. */
  "delivery.dropped": {
    type: "delivery.dropped";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      endpoint: {
        /** As in the API: ep_… */
        id: string;
        name: string;
        url: string;
      };
      /** As in the API: dlv_… */
      delivery_id: string;
      event_id: string;
      event_type: string;
      reason: string;
      attempts: number;
    };
  };
  /** Half, or four fifths, of the failed attempts that the error budget allows have been made. Beyond the limit, the endpoints that fail are disabled. Never sent to the endpoints that fail. */
  "budget.warning": {
    type: "budget.warning";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      /** Percent of the limit: 50 or 80. */
      level: number;
      errors: number;
      budget: {
        /** Failed attempts that are allowed within the window. */
        limit: number;
        /** In seconds. */
        window_s: number;
        /** One budget for all endpoints, or one for each. */
        scope: "workspace" | "endpoint";
      };
      /** Those with the most errors first. */
      endpoints: Array<{
        /** As in the API: ep_… */
        id: string;
        name: string;
        url: string;
        errors: number;
        last_error: string | null;
      }>;
    };
  };
  /** A step of a rule or workflow could not be done. Published for the first time in an hour of the clock, once for each rule or workflow; how often it happened is told by the notice of the same id. */
  "automation.failed": {
    type: "automation.failed";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      /** Null where it is not there any more. */
      automation: {
        /** As in the API: rule_… or wf_… */
        id: string;
        kind: "rule" | "workflow";
        name: string;
      } | null;
      /** As in the API: run_… */
      run_id: string;
      /** Null for what concerns the run as a whole. */
      step: string | null;
      /** Such as endpoint_gone; meant for programs. */
      code: string;
      message: string;
    };
  };
  /** A subject has set a rule or workflow off as often as it may, and did so once more: nothing was done. Published for the first time in an hour of the clock, once for each rule or workflow. */
  "automation.braked": {
    type: "automation.braked";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      /** Null where it is not there any more. */
      automation: {
        /** As in the API: rule_… or wf_… */
        id: string;
        kind: "rule" | "workflow";
        name: string;
      } | null;
      /** As in the API: run_… */
      run_id: string;
      /** The contact that the event was about. */
      subject: string;
    };
  };
  /** The mail server has refused a mail for good, or could not be reached for three days. Published for the first time in an hour of the clock, once for each rule or workflow, and once for mails of notices. */
  "mail.refused": {
    type: "mail.refused";
    /** ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00. */
    timestamp: string;
    data: {
      /** Null where it is not there any more. */
      automation: {
        /** As in the API: rule_… or wf_… */
        id: string;
        kind: "rule" | "workflow";
        name: string;
      } | null;
      /** As in the API: mail_… */
      mail_id: string;
      /** Null for a mail of notices. */
      run_id: string | null;
      step: string | null;
      recipient: string;
      /** What the mail server said. */
      error: string;
    };
  };
}
